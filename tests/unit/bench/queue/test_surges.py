"""Made arrivals are those of the replay that they stand for: how many, how urgent, how well told apart."""

from itertools import pairwise

import pytest

from pipeline.bench.queue.arrivals import Arrival
from pipeline.bench.queue.surges import HANDLE_S, REPS, make_arrivals

SEEDS = range(1, 4)


@pytest.fixture(scope="module", params=SEEDS)
def cases(request: pytest.FixtureRequest) -> list[Arrival]:
    seed: int = request.param
    return make_arrivals(seed)


def test_fourteen_thousand_arrive_in_a_week_and_26_in_100_are_urgent(cases: list[Arrival]) -> None:
    days = (cases[-1].at_ms - cases[0].at_ms) / 86_400_000
    assert len(cases) == 14_000
    assert sum(case.urgent for case in cases) == 3640
    assert 6.9 < days < 7.2
    assert 0.67 < len(cases) * HANDLE_S / (REPS * days * 86_400) < 0.70


def test_they_come_in_order_and_keep_a_rep_for_four_minutes(cases: list[Arrival]) -> None:
    assert all(one.at_ms <= other.at_ms for one, other in pairwise(cases))
    assert {case.handle_ms for case in cases} == {240_000}


def test_the_score_tells_urgent_cases_from_others_with_an_auc_of_87_in_100(cases: list[Arrival]) -> None:
    ranked = sorted(cases, key=lambda case: case.priority)
    urgent = sum(case.urgent for case in cases)
    ranks = sum(rank for rank, case in enumerate(ranked, start=1) if case.urgent)
    # The statistic of Mann and Whitney, divided by the number of pairs.
    auc = (ranks - urgent * (urgent + 1) / 2) / (urgent * (len(cases) - urgent))
    assert auc == pytest.approx(0.87, abs=0.01)


def test_the_same_seed_makes_the_same_arrivals_and_another_seed_others() -> None:
    assert make_arrivals(1, 200) == make_arrivals(1, 200)
    assert make_arrivals(1, 200) != make_arrivals(2, 200)
