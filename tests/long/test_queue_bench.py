"""On most weeks of made arrivals the recommended policy reaches nine of ten urgent cases in time.

It keeps its bound on all of them.
"""

from statistics import median

import pytest

from pipeline.bench.queue.arrivals import Arrivals
from pipeline.bench.queue.orders import bench_queue
from pipeline.bench.queue.play import RECOMMENDED
from pipeline.bench.queue.reps import Staff
from pipeline.bench.queue.surges import make_arrivals

WEEKS = range(1, 21)
IN_TIME = 0.90


@pytest.mark.timeout(3600)
def test_urgent_cases_are_in_time_where_first_in_first_out_reaches_half_of_them() -> None:
    """Some weeks have surges of five times what the reps can do.

    In two of the twenty the score, with an AUC of .87, does not reach nine of ten even without turns for the
    oldest case. So the middle of the weeks counts, how many are in time, and the worst one. The bound on the
    others' wait counts in each.
    """
    weeks = [
        bench_queue(Arrivals(make_arrivals(seed), 100.0), RECOMMENDED, "care", Staff(), 15, lambda _: None)
        for seed in WEEKS
    ]
    assert all(0.45 <= week.first_in_first_out.urgent.accepted_within <= 0.60 for week in weeks)
    assert all(week.ordered.bound.broken == 0 for week in weeks)
    in_time = [week.ordered.urgent.accepted_within for week in weeks]
    assert median(in_time) >= IN_TIME
    assert sum(share >= IN_TIME for share in in_time) >= 13
    assert min(in_time) >= 0.84
    assert median(week.ordered.urgent.p90_min for week in weeks) <= 15
