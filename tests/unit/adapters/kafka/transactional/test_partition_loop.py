"""The time of a partition number."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pipeline.adapters.kafka.transactional.observer import LoopObserver
from pipeline.adapters.kafka.transactional.partition_loop import FUTURE_TOLERANCE_MS, AgentSpec, Owned
from pipeline.adapters.kafka.transactional.producer import TransactionalProducer
from pipeline.ports.decider import Decider
from pipeline.ports.records import InputRecord


class Dated:
    """A decider of which only the reading of times is used."""

    def event_ms(self, record: InputRecord) -> int | None:
        return cast(int | None, json.loads(record.value or b"null"))


def owned(*, event_clock: bool) -> Owned:
    spec = AgentSpec("test", ("a",), "state", "journal", event_clock=event_clock)
    made = Owned(
        spec, 0, cast(TransactionalProducer, None), cast(Decider, Dated()), lambda _: {}, lambda _: None,
        cast(LoopObserver, None),
    )  # fmt: skip
    made.now_ms = 500
    return made


def record(own_ms: int | None, append_ms: int = 10_000) -> InputRecord:
    return InputRecord("a", 0, 0, b"k", json.dumps(own_ms).encode(), append_ms)


class Timed:
    """A decider with one timer, which notes what happened in which order."""

    def __init__(self, due_ms: int) -> None:
        self.due_ms: int | None = due_ms
        self.seen: list[object] = []

    def next_timer_ms(self) -> int | None:
        return self.due_ms

    def fire_timers(self, now_ms: int) -> int:
        self.seen.append("timer")
        self.due_ms = None
        return 1

    def decide(self, record: InputRecord, now_ms: int) -> None:
        self.seen.append((record.topic, record.append_ms))


class Broker:
    """Says where inputs end, and remembers which it was asked about."""

    def __init__(self, ends: Mapping[str, int]) -> None:
        self.ends = ends
        self.asked: list[str] = []

    def __call__(self, places: Sequence[Any]) -> Mapping[str, int]:
        self.asked += [place.topic for place in places]
        return {place.topic: self.ends[place.topic] for place in places}


def decided(timer_ms: int, broker: Broker, posts: Sequence[int], *, event_clock: bool = False) -> list[object]:
    """What is decided of `posts`, append times of input a; input b was read to offset 3 and has no record."""
    spec = AgentSpec("test", ("a", "b"), "state", "journal", event_clock=event_clock)
    core = Timed(timer_ms)
    made = Owned(
        spec, 0, cast(TransactionalProducer, None), cast(Decider, core), broker, lambda _: None,
        cast(LoopObserver, None),
    )  # fmt: skip
    made.buffers.start("a", 0)
    made.buffers.start("b", 3)
    made.buffers.reached_end("b", 3)
    for offset, append_ms in enumerate(posts):
        made.buffers.add(InputRecord("a", 0, offset, b"k", json.dumps(append_ms).encode(), append_ms))
    if event_clock:
        core.event_ms = lambda record: record.append_ms  # type: ignore[attr-defined]
    made._decide(made.buffers.take(100))
    return core.seen


def test_a_due_timer_fires_beside_an_input_that_never_ends() -> None:
    broker = Broker({"a": 99, "b": 3})
    assert decided(15, broker, [10, 20, 30]) == [("a", 10), "timer", ("a", 20), ("a", 30)]
    assert broker.asked == ["b"], "what was read of a is past the timer"


def test_no_timer_fires_while_an_input_that_stands_before_it_has_unread_records() -> None:
    assert decided(15, Broker({"a": 99, "b": 4}), [10, 20]) == [("a", 10)]


def test_on_the_event_clock_every_input_is_asked_for_its_end() -> None:
    broker = Broker({"a": 99, "b": 3})
    assert decided(15, broker, [10, 20], event_clock=True) == [("a", 10)]
    assert sorted(broker.asked) == ["a", "b"]


def test_a_record_counts_at_its_append_time_and_on_the_event_clock_at_its_own() -> None:
    assert owned(event_clock=False).time_of(record(7)) == 10_000
    assert owned(event_clock=True).time_of(record(7)) == 7
    assert owned(event_clock=True).time_of(record(None)) == 500, "an unreadable time counts as now"


def test_a_wrong_date_far_ahead_does_not_drag_now_along() -> None:
    far = 10_000 + FUTURE_TOLERANCE_MS
    assert owned(event_clock=True).time_of(record(far)) == far
    assert owned(event_clock=True).time_of(record(far + 1)) == 500
