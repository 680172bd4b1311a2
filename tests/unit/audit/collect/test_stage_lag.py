"""Waiting until the stages have read everything, by an injected clock."""

from collections.abc import Callable, Sequence

from pipeline.adapters.kafka.lag import Unread
from pipeline.audit.collect.stage_lag import INTERVAL_S, wait_for_stages
from tests.fake_time import FakeTime

LATE = Unread("earshot-sink", "posts.scored", 1, 4)


def looks(*answers: Sequence[Unread]) -> Callable[[], Sequence[Unread]]:
    rest = list(answers)
    return lambda: rest.pop(0) if len(rest) > 1 else rest[0]


def wait(look: Callable[[], Sequence[Unread]], wait_s: float) -> tuple[Sequence[Unread], float]:
    watch = FakeTime()
    return wait_for_stages(look, wait_s, monotonic_s=watch.monotonic, sleep=watch.sleep), watch.now_s


def test_without_waiting_it_looks_once() -> None:
    assert wait(looks([LATE]), 0) == ([LATE], 0.0)
    assert wait(looks([]), 0) == ([], 0.0)


def test_it_waits_until_two_looks_in_a_row_find_nothing() -> None:
    assert wait(looks([LATE], [], [LATE], [], []), 60) == ([], 4 * INTERVAL_S)


def test_it_gives_up_after_the_time_and_says_who_is_behind() -> None:
    assert wait(looks([LATE]), 3) == ([LATE], 3.0)
