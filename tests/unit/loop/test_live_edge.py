"""A loop hands nothing out behind its live edge, and finds the edge without trust in any wall clock."""

import sys
from collections.abc import Mapping

from pipeline.loop.live_edge import LIVE_MS, LiveEdge
from pipeline.loop.spec import Moment
from pipeline.ports.records import InputRecord

DAY_MS = 86_400_000


def at(ms: int, clock_ms: int = 0) -> Moment:
    return Moment(clock_ms, ms)


def record(append_ms: int, topic: str = "a") -> InputRecord:
    return InputRecord(topic, 0, 0, b"k", b"v", append_ms)


class Ends:
    """Says where inputs end, and counts how often it is asked."""

    def __init__(self, **ends: int) -> None:
        self.ends: Mapping[str, int] = ends
        self.asked = 0

    def __call__(self) -> Mapping[str, int]:
        self.asked += 1
        return self.ends


def test_the_edge_is_reached_when_all_is_decided_that_the_inputs_held_two_seconds_ago() -> None:
    edge, ends = LiveEdge(), Ends(a=10, b=3)
    assert not edge.is_reached({"a": 4, "b": 3}, at(0), ends)
    assert not edge.is_reached({"a": 9, "b": 3}, at(LIVE_MS), ends)
    assert ends.asked == 1, "catching up asks again only when it has come to the ends that it knows"
    assert edge.is_reached({"a": 10, "b": 3}, at(LIVE_MS), ends)


def test_ends_of_long_ago_are_asked_again() -> None:
    edge, ends = LiveEdge(), Ends(a=10)
    assert not edge.is_reached({"a": 4}, at(0), ends)
    assert not edge.is_reached({"a": 10}, at(LIVE_MS + 1), ends)
    ends.ends = {"a": 12}
    assert not edge.is_reached({"a": 10}, at(5000), ends)
    assert edge.is_reached({"a": 12}, at(5100), ends)
    assert ends.asked == 2


def test_a_silent_broker_is_no_end_and_is_asked_again() -> None:
    edge, ends = LiveEdge(), Ends(a=sys.maxsize)
    assert not edge.is_reached({"a": 10}, at(0), ends)
    ends.ends = {"a": 10}
    assert edge.is_reached({"a": 10}, at(10), ends)


def test_a_record_that_waited_in_the_topic_is_past_however_wrong_the_wall_clock_is() -> None:
    for wall_ms in (0, 10**15):
        edge = LiveEdge()
        edge.was_read("a", 1_000_000, at(0, wall_ms))
        # The process stood still for three minutes; what it reads now was appended just after.
        assert edge.is_past(record(1_001_000), at(180_000, wall_ms))
        assert not edge.is_past(record(1_179_000), at(180_000, wall_ms))


def test_an_input_on_a_broker_whose_clock_is_behind_is_measured_by_its_own_clock() -> None:
    edge = LiveEdge()
    edge.was_read("a", 1_000_000, at(0))
    edge.was_read("b", 1_000_000 - DAY_MS, at(0))
    assert not edge.is_past(record(1_000_500 - DAY_MS, "b"), at(600))


def test_a_broker_clock_that_was_set_back_costs_one_transaction_and_not_an_hour() -> None:
    edge = LiveEdge()
    edge.reach()
    edge.was_read("a", 10_000_000, at(0))
    assert edge.is_past(record(6_400_000), at(10))
    edge.leave()
    assert edge.is_reached({"a": 5}, at(20), Ends(a=5))
    edge.reach()
    edge.was_read("a", 6_400_050, at(60))
    assert not edge.is_past(record(6_400_050), at(70))
