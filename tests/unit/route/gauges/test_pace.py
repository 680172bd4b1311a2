"""The pace of a queue is that of the last hour, or of as much of it as the router has seen."""

import pytest

from pipeline.route.gauges.pace import WINDOW_MS, Pace

CARE = ("acme", "care")
MINUTE_MS = 60_000


def looked(*taken: int) -> Pace:
    """Returns a pace after a look each minute."""
    pace = Pace()
    for minute, count in enumerate(taken):
        pace.look(minute * MINUTE_MS, {CARE: count})
    return pace


@pytest.mark.parametrize(
    ("taken", "waiting", "expected_s"),
    [
        ([0], 7, None),
        ([0, 0], 7, None),
        ([5, 5], 7, None),
        ([0, 1], 7, 420),
        ([5, 8, 11], 3, 60),
        ([0, 2], 0, 0),
    ],
)
def test_what_waits_is_taken_up_at_the_pace_that_was_seen(
    taken: list[int], waiting: int, expected_s: int | None
) -> None:
    assert looked(*taken).expected_wait_s(CARE, waiting) == expected_s


def test_what_was_taken_up_more_than_an_hour_ago_does_not_count() -> None:
    pace = looked(*[0, 100], *[100] * 59, 160)
    assert pace.expected_wait_s(CARE, 1) == 60, "60 in the last hour"


def test_after_a_gap_of_more_than_an_hour_nothing_is_known() -> None:
    pace = looked(0, 10)
    pace.look(2 * WINDOW_MS, {CARE: 500})
    assert pace.expected_wait_s(CARE, 1) is None


def test_a_queue_that_nobody_has_taken_from_has_no_pace() -> None:
    assert looked(0, 10).expected_wait_s(("acme", "fans"), 3) is None
