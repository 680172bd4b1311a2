"""The parts of Faust's events that the agent uses, so that no other module knows Faust."""

from typing import Protocol

from pipeline.enrich.received import ReceivedPost
from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord

Place = tuple[int, int]
"""Partition and offset of a record of `posts.raw`."""


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


Opened = tuple[Event, ReceivedPost | Permanent]
"""An event, and what its record holds or why it is refused."""


def place_of(event: Event) -> Place:
    """Returns where the event's record lies in the topic."""
    return event.message.partition, event.message.offset


def input_record(message: Message) -> InputRecord:
    """Returns the message as a record."""
    append_ms = round(message.timestamp * 1000)
    return InputRecord(message.topic, message.partition, message.offset, message.key, message.value, append_ms)
