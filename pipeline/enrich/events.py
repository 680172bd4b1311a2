"""Records as the agent sees them: the parts of Faust's events that it uses.

In: a record. Out: its place, its append time, the headers of its dead letter. Never here: Faust itself.
"""

from typing import Protocol

from pipeline.errors import Permanent
from schemas.base import SourcePosition
from schemas.dead_letter import DeadLetterInfo, encode_headers


class Message(Protocol):
    """The parts of a Faust message that are read here."""

    topic: str
    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes | None


class Event(Protocol):
    """The parts of a Faust event that are used here."""

    @property
    def message(self) -> Message:
        """The record as Faust got it."""
        ...

    def ack(self) -> bool:
        """Marks the record as done."""
        ...


def place_of(record: Message) -> SourcePosition:
    """Where the record lies."""
    return SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset)


def appended_ms_of(record: Message) -> int:
    """The broker's append time, milliseconds; Faust gives it in seconds."""
    return round(record.timestamp * 1000)


def letter_headers(record: Message, reason: Permanent, stage: str, failed_ms: int) -> list[tuple[str, bytes]]:
    """The headers of the record's dead letter: why, where it lay, when it came and when it was given up."""
    return encode_headers(
        DeadLetterInfo.shortened(
            stage=stage,
            code=reason.code,
            detail=reason.detail,
            field=reason.field,
            source=place_of(record),
            appended_ms=appended_ms_of(record),
            failed_ms=failed_ms,
        )
    )
