"""The supervisor's rule, on a clock of its own."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.app.supervise.restart_rule import Record, RestartRule
from pipeline.errors import EXIT_RESTART, EXIT_SERVICE_MISSING, EXIT_USAGE

RULE = RestartRule()


def test_a_restart_waits_twice_as_long_each_time_up_to_a_limit() -> None:
    delays = [RULE.delay_s(70, failures) for failures in (1, 2, 3, 6, 7, 5000)]
    assert delays == [0.2, 0.4, 0.8, 6.4, 10.0, 10.0]


def test_a_start_without_a_broker_that_takes_31_s_is_given_up_after_30() -> None:
    record, now_s, delays = Record(RULE), 0.0, list[float]()
    while (delay_s := _life(record, now_s, lasts_s=31, ready_from_s=None, code=EXIT_SERVICE_MISSING)) is not None:
        delays.append(delay_s)
        now_s += 31 + delay_s
    assert len(delays) == 29
    assert delays[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4]
    assert set(delays[6:]) == {10.0}


def test_a_batch_that_hangs_for_its_minute_is_no_healthy_life() -> None:
    record, delays = Record(RULE), list[float | None]()
    for turn in range(8):
        # Ready after 10 s and for 65 s, while the batch hangs: then exit 70.
        delays.append(_life(record, turn * 100.0, lasts_s=75, ready_from_s=10, code=EXIT_RESTART))
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_life_that_was_ready_long_enough_begins_anew() -> None:
    record = Record(RULE)
    for turn in range(9):
        _life(record, turn * 100.0, lasts_s=1, ready_from_s=None, code=EXIT_RESTART)
    assert _life(record, 1000.0, lasts_s=400, ready_from_s=10, code=EXIT_RESTART) == RULE.first_delay_s


def test_readiness_with_breaks_does_not_add_up() -> None:
    record = Record(RULE, failures=7)
    for now_s in range(0, 3600, 5):
        record.seen(float(now_s), ready=now_s % 300 != 0)
    assert record.ended(EXIT_RESTART) == RULE.longest_delay_s


@given(
    lives=st.lists(st.tuples(st.floats(0, 10_000), st.sampled_from([0, 1, 70, -9])), max_size=60),
)
def test_whoever_is_never_ready_never_begins_anew_however_long_it_lives(lives: list[tuple[float, int]]) -> None:
    record, now_s = Record(RULE), 0.0
    for number, (lasts_s, code) in enumerate(lives, start=1):
        assert _life(record, now_s, lasts_s=lasts_s, ready_from_s=None, code=code) == RULE.delay_s(code, number)
        now_s += lasts_s


def test_wrong_use_is_given_up_at_once_even_after_a_healthy_life() -> None:
    assert _life(Record(RULE), 0.0, lasts_s=1000, ready_from_s=1, code=EXIT_USAGE) is None


def _life(
    record: Record, start_s: float, *, lasts_s: float, ready_from_s: float | None, code: int
) -> float | None:
    """One life that is looked at every 5 s; what the rule says at its end."""
    for at_s in range(5, int(lasts_s) + 1, 5):
        record.seen(start_s + at_s, ready=ready_from_s is not None and at_s >= ready_from_s)
    return record.ended(code)
