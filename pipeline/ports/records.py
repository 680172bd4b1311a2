"""The seam between the stages and Kafka, with the records that come in, the records to send, and their fate."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from pipeline.errors import EarshotError, MustRestart, Permanent, Transient


class InputRecord(Struct, frozen=True, gc=False):
    """One record that was read from a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    append_ms: int
    """The broker's append time in milliseconds since the epoch. Every topic uses LogAppendTime."""


class Record(Struct, frozen=True, gc=False):
    """One record to send. The key decides the partition."""

    # No tuple, which takes three times as long to make, and over each of which the collector walks.
    topic: str
    key: bytes | None
    value: bytes | None
    """The bytes of the record, where None is a tombstone."""
    headers: Sequence[tuple[str, bytes]] = ()


class Delivery(NamedTuple):
    """The fate of one record that was sent."""

    tag: int
    """The number that the sender gave to the record."""
    partition: int = -1
    offset: int = -1
    failure: EarshotError | None = None
    """None where the brokers have the record. With `Permanent` the topic never takes it (too large). With
    `Transient` it may be there or not, and may be sent again. With `MustRestart` this publisher will never deliver
    anything again."""


class Publisher(Protocol):
    """Sends records outside any transaction. It blocks, and serves one caller thread at a time."""

    def send(self, record: Record, tag: int = 0) -> None:
        """Hands one record over, and blocks while the outgoing queue is full.

        Records of one key keep their order.
        """
        ...

    def settle(self) -> list[Delivery]:
        """Waits until the fate of every record that was sent since the last call is certain.

        The deliveries have the order of sending.
        """
        ...


def deliver(publisher: Publisher, records: Sequence[Record]) -> None:
    """Sends records and returns when the brokers have all of them.

    Raises:
        Transient: at least one was not delivered. Any of the others may have been.
        MustRestart: the same, and this publisher will never deliver anything again.
    """
    for record in records:
        publisher.send(record)
    failures = [delivery.failure for delivery in publisher.settle() if delivery.failure is not None]
    if not failures:
        return
    # One fatal failure decides. As a Transient the caller would try again with a publisher that is dead.
    fatal = next((failure for failure in failures if isinstance(failure, MustRestart)), None)
    first = fatal or failures[0]
    why = first.detail if isinstance(first, Permanent) else first
    message = f"{len(failures)} of {len(records)} records were not delivered: {why}"
    raise Transient(message) if fatal is None else MustRestart(message)
