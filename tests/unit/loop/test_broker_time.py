"""The brokers' time goes on between two records, and no wrong clock moves it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.loop.broker_time import DRIFT_MS, FRESH_MS, TOLERANCE_MS, BrokerTime, Receipt
from pipeline.loop.spec import Moment

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
T_MS = 1_800_000_000_000


def at(ms: int, *, wall_ms: int = T_MS) -> Moment:
    """`ms` after the beginning by the monotonic clock. The wall clock stands at `wall_ms` then."""
    return Moment(wall_ms, ms)


def said(append_ms: int, told: Moment, *, sent_ms: int | None = None) -> Receipt:
    """What a broker says that takes a record at once, or that was sent it at `sent_ms`."""
    return Receipt(append_ms, told if sent_ms is None else at(sent_ms), told)


def test_nothing_is_known_before_a_broker_has_said_something() -> None:
    assert BrokerTime().read_ms(at(0)) is None
    assert not BrokerTime().is_fresh(at(0))


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 30 * DAY_MS])
def test_a_jump_of_the_wall_clock_moves_nothing(jump_ms: int) -> None:
    time = BrokerTime()
    time.was_read(T_MS, at(0))
    assert time.read_ms(at(500, wall_ms=T_MS + jump_ms)) == T_MS + 500
    time.was_read(T_MS + 700, at(700, wall_ms=T_MS + jump_ms))
    assert time.read_ms(at(1000, wall_ms=T_MS + jump_ms)) == T_MS + 1000


def test_a_broker_whose_clock_jumps_ahead_alone_is_not_believed() -> None:
    time = BrokerTime()
    time.was_read(T_MS, at(0))
    time.was_read(T_MS + 30 * DAY_MS, at(100, wall_ms=T_MS + 100))
    assert time.read_ms(at(100)) == T_MS + 100
    time.was_written(said(T_MS + 30 * DAY_MS + 100, at(200, wall_ms=T_MS + 200)))
    assert time.read_ms(at(200)) == T_MS + 200
    assert time.off_ms == 30 * DAY_MS - 100


def test_a_worker_that_stood_still_without_counting_believes_the_broker_whom_its_wall_clock_confirms() -> None:
    time = BrokerTime()
    time.was_read(T_MS, at(0))
    after_ms = T_MS + 3 * HOUR_MS
    time.was_read(after_ms, at(50, wall_ms=after_ms + 1000))
    assert time.read_ms(at(50)) == after_ms


def test_an_old_record_takes_nothing_back() -> None:
    time = BrokerTime()
    time.was_read(T_MS, at(0))
    time.was_read(T_MS - HOUR_MS, at(10))
    assert time.read_ms(at(10)) == T_MS + 10


def test_a_monotonic_clock_that_runs_fast_is_set_back_and_a_broker_that_was_set_back_is_not_followed() -> None:
    time = BrokerTime()
    time.was_written(said(T_MS, at(0)))
    time.was_written(said(T_MS + 9_990, at(10_000)))
    assert time.read_ms(at(10_000)) == T_MS + 9_990
    assert time.off_ms == 0
    time.was_written(said(T_MS - HOUR_MS, at(20_000)))
    assert time.read_ms(at(20_000)) == T_MS + 19_990
    assert time.off_ms == -HOUR_MS - 19_990
    time.was_written(said(T_MS + 20_995, at(21_000)))
    assert time.off_ms == 0, "the clock is right again"


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 3_000)), min_size=1))
def test_where_all_clocks_are_right_the_time_is_never_ahead_and_as_near_as_any_receipt_has_said(
    receipts: list[tuple[int, int, int]],
) -> None:
    time, now, nearest = BrokerTime(), 0, 3_000
    for pause, way, back in receipts:
        sent = now + pause
        appended, now = sent + way, sent + way + back
        nearest = min(nearest, back)
        time.was_written(said(T_MS + appended, at(now), sent_ms=sent))
        assert time.read_ms(at(now)) == T_MS + now - nearest


@pytest.mark.parametrize("appended", [10_002, 10_500, 11_000])
def test_a_receipt_that_comes_late_does_not_set_back_what_was_counted(appended: int) -> None:
    time = BrokerTime()
    time.was_written(said(T_MS, at(0)))
    time.was_written(said(T_MS + appended, at(11_000), sent_ms=10_000))
    assert time.read_ms(at(11_000)) == T_MS + 11_000


def test_a_late_receipt_sets_a_fast_clock_back_no_further_than_it_must() -> None:
    time = BrokerTime()
    time.was_written(said(T_MS, at(0)))
    time.was_written(said(T_MS + 9_990, at(11_000), sent_ms=10_000))
    assert time.read_ms(at(11_000)) == T_MS + 10_990
    time.was_written(said(T_MS + 10_990 - 1 - DRIFT_MS, at(12_000), sent_ms=11_000))
    assert time.read_ms(at(12_000)) == T_MS + 11_990, "it is the broker's clock that was set back"


def test_a_late_receipt_raises_a_slow_clock_to_what_it_says() -> None:
    time = BrokerTime()
    time.was_read(T_MS, at(0))
    time.was_written(said(T_MS + 1_500, at(1_000), sent_ms=0))
    assert time.read_ms(at(1_000)) == T_MS + 1_500


def test_the_time_is_good_for_timers_for_a_minute_after_a_broker_took_a_record() -> None:
    time = BrokerTime()
    time.was_read(T_MS, at(0))
    assert not time.is_fresh(at(0)), "a record that was read may be old"
    time.was_written(said(T_MS, at(9), sent_ms=5))
    assert time.is_fresh(at(5 + FRESH_MS))
    assert not time.is_fresh(at(6 + FRESH_MS))


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 30 * DAY_MS])
def test_after_a_restart_the_wall_clock_stands_in_for_a_broker_that_jumped_and_the_broker_is_believed_again(
    jump_ms: int,
) -> None:
    time = BrokerTime()
    time.was_restored(T_MS, at(0, wall_ms=T_MS + 9_000))
    time.was_written(said(T_MS + 9_000 + jump_ms, at(0, wall_ms=T_MS + 9_000)))
    assert time.read_ms(at(0)) == T_MS + 9_000
    time.was_written(said(T_MS + 10_100, at(1_000, wall_ms=T_MS + 10_000)))
    assert time.read_ms(at(1_000)) == T_MS + 10_100


def test_a_jump_that_was_believed_stays_until_the_router_was_away_for_as_long() -> None:
    jump_ms = TOLERANCE_MS - 60_000
    time = BrokerTime()
    time.was_written(said(T_MS, at(0)))
    time.was_written(said(T_MS + jump_ms, at(0)))
    time.was_written(said(T_MS + 1_000, at(1_000)))
    assert (time.read_ms(at(1_000)), time.off_ms) == (T_MS + jump_ms + 1_000, -jump_ms)
    again, then_ms = BrokerTime(), T_MS + jump_ms + 2_000
    again.was_restored(T_MS + jump_ms + 1_000, at(0, wall_ms=then_ms))
    again.was_written(said(then_ms, at(0, wall_ms=then_ms)))
    assert (again.read_ms(at(0)), again.off_ms) == (then_ms, 0)


@pytest.mark.parametrize("wall_ms", [T_MS - HOUR_MS, T_MS + HOUR_MS, T_MS + 30 * DAY_MS])
def test_after_a_restart_on_a_machine_with_a_wrong_clock_the_brokers_are_believed(wall_ms: int) -> None:
    time = BrokerTime()
    time.was_restored(T_MS, at(0, wall_ms=wall_ms))
    time.was_written(said(T_MS + 9_000, at(0, wall_ms=wall_ms)))
    assert time.read_ms(at(0)) == T_MS + 9_000


def test_a_kept_loop_goes_by_its_own_count_and_not_by_the_older_time_that_it_stored() -> None:
    time = BrokerTime()
    time.was_written(said(T_MS, at(0)))
    time.was_restored(T_MS, at(5_000))
    assert time.read_ms(at(5_000)) == T_MS + 5_000
