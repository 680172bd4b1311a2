"""Arrivals go through the real router and the simulated reps on a virtual clock."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.bench.queue.arrivals import START_MS, Arrival, Arrivals
from pipeline.bench.queue.orders import bench_queue
from pipeline.bench.queue.play import RECOMMENDED, Course, play
from pipeline.bench.queue.reps import Staff, read_shift
from pipeline.bench.queue.surges import make_arrivals
from pipeline.bench.queue.waits import bound_of, load_of, occupancy_of, waits_of
from pipeline.errors import Misconfigured

MINUTE_MS = 60_000
AT_ONCE = Staff(reps=1, accept_s=0)


def _arrival(minute: float, priority: float = 50.0, *, urgent: bool = False, handle_min: float = 4) -> Arrival:
    return Arrival(START_MS + round(minute * MINUTE_MS), urgent, priority, round(handle_min * MINUTE_MS))


def _waits_min(courses: list[Course]) -> list[float]:
    return [((course.accepted_ms or 0) - course.arrival.at_ms) / MINUTE_MS for course in courses]


def test_the_urgent_case_goes_first_and_the_older_one_of_two_alike() -> None:
    cases = [_arrival(0, 10), _arrival(1, 10), _arrival(2, 10), _arrival(3, 90)]
    assert _waits_min(play(cases, RECOMMENDED, "care", AT_ONCE).courses) == [0, 7, 10, 1]


def test_every_nth_pick_takes_the_oldest() -> None:
    policy = RECOMMENDED.model_copy(update={"oldest_every": 3})
    cases = [_arrival(0, 10), _arrival(0.1, 10), *(_arrival(1 + n, 90) for n in range(6))]
    played = play(cases, policy, "care", AT_ONCE)
    # The first pick takes the first case, the second an urgent one, and the third the old one.
    assert _waits_min(played.courses)[1] == 7.9
    assert played.courses[1].picks == 2
    assert bound_of(played, 3).broken == 0


def test_a_wait_lasts_until_the_accept_and_work_begins_then() -> None:
    staff = Staff(reps=1, accept_s=30)
    played = play([_arrival(0), _arrival(0)], RECOMMENDED, "care", staff)
    first, second = sorted(played.courses, key=lambda course: course.accepted_ms or 0)
    assert first.offered_ms == START_MS
    assert first.accepted_ms is not None
    assert START_MS < first.accepted_ms < START_MS + 5 * MINUTE_MS
    assert second.offered_ms == first.closed_ms == first.accepted_ms + 4 * MINUTE_MS


def test_reps_with_room_take_several_cases_at_a_time() -> None:
    cases = [_arrival(0) for _ in range(6)]
    for staff in (Staff(reps=3, accept_s=0), Staff(reps=1, capacity=3, accept_s=0)):
        assert sorted(_waits_min(play(cases, RECOMMENDED, "care", staff).courses)) == [0, 0, 0, 4, 4, 4]


def test_nobody_takes_a_case_outside_the_shifts() -> None:
    staff = Staff(accept_s=0, shifts=(read_shift("08:00-09:00=1"), read_shift("22:00-01:00=1")))
    cases = [_arrival(60 * hour + 30) for hour in (0, 2, 8, 20)]
    played = play(cases, RECOMMENDED, "care", staff)
    # The night shift that began the day before takes the first. The second waits for the morning.
    assert _waits_min(played.courses) == [0, 5.5 * 60, 0, 1.5 * 60]


def test_a_rep_who_goes_finishes_what_there_is() -> None:
    staff = Staff(accept_s=0, shifts=(read_shift("08:00-09:00=1"),))
    cases = [_arrival(8 * 60 + 59), _arrival(8 * 60 + 59.5)]
    played = play(cases, RECOMMENDED, "care", staff)
    assert played.courses[0].closed_ms == START_MS + (9 * 60 + 3) * MINUTE_MS
    assert _waits_min(played.courses) == [0, 23 * 60 + 0.5]


def test_a_rep_who_misses_an_offer_at_the_end_of_the_shift_stays_away() -> None:
    queue = RECOMMENDED.queues[0].model_copy(update={"offer_timeout_s": 30})
    policy = RECOMMENDED.model_copy(update={"queues": (queue,)})
    staff = Staff(accept_s=60, shifts=(read_shift("08:00-09:00=1"),))
    cases = [_arrival(8 * 60 + 59.9, handle_min=0.1) for _ in range(3)]
    played = play(cases, policy, "care", staff)
    assert len(played.picks_ms) > len(cases), "no offer was missed"
    assert all((pick_ms - START_MS) // MINUTE_MS % 1440 in range(8 * 60, 9 * 60) for pick_ms in played.picks_ms)


def test_a_missed_offer_comes_back_and_counts_among_those_that_wait() -> None:
    queue = RECOMMENDED.queues[0].model_copy(update={"offer_timeout_s": 5})
    policy = RECOMMENDED.model_copy(update={"queues": (queue,)})
    cases = [_arrival(0, handle_min=0.1) for _ in range(5)]
    played = play(cases, policy, "care", Staff(reps=2, accept_s=5, seed=2))
    assert len(played.picks_ms) > len(cases), "no offer was missed"
    assert all(course.closed_ms is not None for course in played.courses)
    assert bound_of(played, policy.oldest_every).broken == 0


def test_a_policy_that_offers_to_nobody_ends_the_run_with_a_sentence() -> None:
    with pytest.raises(Misconfigured, match="1 cases are left that the policy offers to nobody"):
        # Nobody accepts within the longest time that an offer stands.
        play([_arrival(0)], RECOMMENDED, "care", Staff(reps=1, accept_s=10**7))


@pytest.mark.parametrize("days", [8, 1200])
def test_weeks_and_years_without_an_arrival_are_no_end(days: int) -> None:
    for staff in (AT_ONCE, replace(AT_ONCE, shifts=(read_shift("08:00-09:00=1"),))):
        played = play([_arrival(500), _arrival(500 + days * 1440)], RECOMMENDED, "care", staff)
        assert _waits_min(played.courses) == [0, 0]


def test_a_queue_that_the_policy_lacks_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"--queue: the policy has no queue sales, but care"):
        play([_arrival(0)], RECOMMENDED, "sales", AT_ONCE)


def test_the_same_seed_gives_the_same_run() -> None:
    cases = make_arrivals(1, 150)
    staff = Staff(reps=8, accept_s=20)
    assert play(cases, RECOMMENDED, "care", staff) == play(cases, RECOMMENDED, "care", staff)
    assert play(cases, RECOMMENDED, "care", replace(staff, seed=2)) != play(cases, RECOMMENDED, "care", staff)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6), every=st.integers(2, 5), reps=st.integers(1, 3), accept_s=st.sampled_from([0, 30])
)
def test_no_case_takes_more_picks_than_the_policy_allows(seed: int, every: int, reps: int, accept_s: int) -> None:
    chance = Random(seed)
    cases = [
        _arrival(minute, chance.choice([1, 50, 90, 90, 90]), handle_min=chance.uniform(1, 4) * reps)
        for minute in sorted(chance.uniform(0, 100) for _ in range(60))
    ]
    policy = RECOMMENDED.model_copy(update={"oldest_every": every})
    played = play(cases, policy, "care", Staff(reps=reps, accept_s=accept_s, seed=seed))
    assert bound_of(played, every).broken == 0
    assert sum(course.picks is None for course in played.courses) == 0


def test_waits_are_counted_from_the_arrival_and_to_the_limit_inclusive() -> None:
    cases = [_arrival(0, handle_min=15), _arrival(0, 40, handle_min=1), _arrival(0, 30)]
    waits = waits_of(play(cases, RECOMMENDED, "care", AT_ONCE).courses, 15)
    assert waits.accepted_within == waits.offered_within == pytest.approx(2 / 3)
    assert waits.mean_min == pytest.approx(31 / 3)
    assert (waits.p50_min, waits.p90_min, waits.longest_min) == (15, 16, 16)


def test_occupancy_and_load_are_shares_of_the_capacity_at_work() -> None:
    cases = [_arrival(0, handle_min=5), _arrival(20, handle_min=5)]
    played = play(cases, RECOMMENDED, "care", replace(AT_ONCE, reps=2))
    # Up to the last arrival one of two reps has worked 5 of 20 minutes, and 10 minutes of work have come.
    assert occupancy_of(played, replace(AT_ONCE, reps=2)) == pytest.approx(0.125)
    assert load_of(played, replace(AT_ONCE, reps=2)) == pytest.approx(0.25)


def test_urgent_cases_are_in_time_more_often_than_first_in_first_out() -> None:
    # Two hours of work for eight reps come within one.
    cases = [_arrival(n / 4, 90 - n % 7 if n % 4 == 0 else 60 + n % 25, urgent=n % 4 == 0) for n in range(240)]
    bench = bench_queue(Arrivals(cases, 1.0), RECOMMENDED, "care", Staff(), 15, lambda _: None)
    ordered, plain = bench.ordered.urgent, bench.first_in_first_out.urgent
    assert ordered.accepted_within > plain.accepted_within + 0.2
    assert bench.ordered.bound.broken == bench.first_in_first_out.bound.broken == 0


def test_a_file_of_one_kind_only_is_refused() -> None:
    with pytest.raises(Misconfigured, match="both urgent cases and others are needed"):
        bench_queue(Arrivals([_arrival(0)], 1.0), RECOMMENDED, "care", AT_ONCE, 15, lambda _: None)


@pytest.mark.parametrize("shift", ["8-16=2", "08:00-16:00", "08:00-24:00=2", "08:00-16:00=0"])
def test_a_shift_that_is_none_is_refused(shift: str) -> None:
    with pytest.raises(Misconfigured, match=r"--shift: .* is no shift such as 08:00-16:30=8, in UTC"):
        read_shift(shift)
