"""Records as the agent sees them: the parts of Faust's events that it uses.

In: a record. Out: its place, its append time, the headers of its dead letter. Never here: Faust itself.
"""

from typing import Protocol

from pipeline.ports.records import InputRecord


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


def input_record(message: Message) -> InputRecord:
    """Returns the message as a record."""
    # Faust gives the broker's append time in seconds.
    append_ms = round(message.timestamp * 1000)
    return InputRecord(message.topic, message.partition, message.offset, message.key, message.value, append_ms)
