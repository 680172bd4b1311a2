"""The time of a partition number."""

import json
from typing import cast

from pipeline.adapters.transactional.observer import LoopObserver
from pipeline.adapters.transactional.owned import FUTURE_TOLERANCE_MS, AgentSpec, Owned
from pipeline.adapters.transactional.producer import TransactionalProducer
from pipeline.ports import Decider, InputRecord


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


def test_a_record_counts_at_its_append_time_and_on_the_event_clock_at_its_own() -> None:
    assert owned(event_clock=False).time_of(record(7)) == 10_000
    assert owned(event_clock=True).time_of(record(7)) == 7
    assert owned(event_clock=True).time_of(record(None)) == 500, "an unreadable time counts as now"


def test_a_wrong_date_far_ahead_does_not_drag_now_along() -> None:
    far = 10_000 + FUTURE_TOLERANCE_MS
    assert owned(event_clock=True).time_of(record(far)) == far
    assert owned(event_clock=True).time_of(record(far + 1)) == 500
