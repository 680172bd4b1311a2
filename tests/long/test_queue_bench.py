"""On made arrivals the recommended policy reaches nine of ten urgent cases in time, and keeps its bound."""

import pytest

from pipeline.bench.queue.arrivals import Arrivals
from pipeline.bench.queue.orders import bench_queue
from pipeline.bench.queue.play import RECOMMENDED
from pipeline.bench.queue.reps import Staff
from pipeline.bench.queue.surges import make_arrivals


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 8))
def test_urgent_cases_are_in_time_where_first_in_first_out_reaches_half_of_them(seed: int) -> None:
    arrivals = Arrivals(make_arrivals(seed), 100.0)
    bench = bench_queue(arrivals, RECOMMENDED, "care", Staff(), 15, lambda _: None)
    ordered, plain = bench.ordered, bench.first_in_first_out
    assert 0.45 <= plain.urgent.accepted_within <= 0.60
    assert ordered.urgent.accepted_within >= 0.90
    assert ordered.urgent.p90_min <= 15
    assert ordered.bound.broken == 0
