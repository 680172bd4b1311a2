"""The parts of Faust's events that agents use, so that no stage knows Faust."""

from typing import Protocol

from pipeline.ports.records import InputRecord


class Message(Protocol):
    """The record of an event."""

    topic: str
    partition: int
    offset: int
    timestamp: float
    """The broker's append time in seconds."""
    key: bytes | None
    value: bytes | None


class Event(Protocol):
    """One record that Faust has read and not yet acknowledged."""

    @property
    def message(self) -> Message:
        """The record as Faust received it."""
        ...

    def ack(self) -> bool:
        """Marks the record as done."""
        ...


def input_record(message: Message) -> InputRecord:
    """Returns the message as a record."""
    append_ms = round(message.timestamp * 1000)
    return InputRecord(message.topic, message.partition, message.offset, message.key, message.value, append_ms)
