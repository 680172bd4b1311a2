"""Days of two workers on the simulated cluster, each with three faults, keep every promise."""

import gc
from weakref import ref

import pytest

from tests.simulation.day import play
from tests.simulation.many import play_all

DAYS = 2_000
"""About ten minutes of one processor. `make test-long` plays more."""
AT_ONCE = 50
JUMPS = 40


@pytest.mark.parametrize("first", range(0, DAYS, DAYS // 10))
def test_no_fault_loses_doubles_or_delays_a_decision(first: int) -> None:
    play_all(first, first + DAYS // 10, AT_ONCE)


@pytest.mark.parametrize("first", range(0, JUMPS, JUMPS // 2))
def test_no_jump_of_a_broker_s_clock_ends_a_timer_early_loses_it_or_holds_it_up(first: int) -> None:
    kinds = ("broker_clock", "broker_clock", "kill", "stall", "outage", "rebalance", "expulsion", "slow_fetches")
    days = (play(seed, kinds) for seed in range(first, first + JUMPS // 2))
    assert [day.story() for day in days if day.damage] == []


def test_a_seed_gives_the_same_day_each_time() -> None:
    first, again = play(7), play(7)
    assert first.history == again.history
    assert first.world.notes.lines == again.world.notes.lines


def test_nothing_of_a_day_stays_in_memory() -> None:
    """A process plays hundreds of them, of 4 MB each."""
    day = play(7)
    cluster = ref(day.world.cluster)
    del day
    gc.collect()
    assert cluster() is None


def test_the_days_meet_what_they_are_for() -> None:
    """Aborts, renewals and restarts all happen, so that a day without damage says something."""
    days = [play(seed) for seed in range(16)]
    assert sum(day.world.notes.aborted for day in days) >= 5
    assert sum(day.world.notes.renewed for day in days) >= 5
    assert sum(day.world.notes.restarts for day in days) >= 5
    assert min(len(day.history.inputs) for day in days) >= 200
