"""The seams between the stages and Kafka: records read, records sent, records given up."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pipeline.errors import Permanent


class InputRecord(NamedTuple):
    """One record of an input topic as a transactional agent sees it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    append_ms: int
    """The broker's append time; every topic uses LogAppendTime."""


class DeadLetter(NamedTuple):
    """One record that is given up, and why."""

    record: InputRecord
    reason: Permanent


class DeadLetters(Protocol):
    """Keeps records that are given up: `<topic>.dlq`. Blocking."""

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Returns when every letter is stored, key and value byte for byte; a repeat stores it again.

        Raises:
            Transient: one of them could not be delivered.
            MustRestart: likewise, and none will ever be.
        """
        ...


class Record(NamedTuple):
    """One record to send. The key decides the partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    """None is a tombstone."""
    headers: Sequence[tuple[str, bytes]] = ()


class RecordPublisher(Protocol):
    """Where the outputs of a stage without transactions go. Blocking, one caller thread at a time."""

    def publish(self, records: Sequence[Record]) -> None:
        """Returns when the brokers have every record, those of one key in their order.

        Raises:
            Transient: one of them could not be delivered; any of the others may have been.
            MustRestart: likewise, and this publisher will never deliver anything again.
        """
        ...


class Published(NamedTuple):
    """What became of one record that was sent."""

    tag: int
    """What the sender called it."""
    partition: int
    offset: int
    rejected: Permanent | None = None
    """The topic never takes this record (too large); partition and offset are then -1."""


class PostPublisher(Protocol):
    """Sends records to `posts.raw`, without loss and in order per key. Blocking, one caller thread."""

    def send(self, key: bytes, value: bytes, tag: int) -> None:
        """Hands one record over; blocks while the outgoing queue is full.

        Raises:
            ServiceMissing: the cluster takes nothing.
        """
        ...

    def settle(self) -> list[Published]:
        """Waits until the fate of every record that was sent is known; returns those since the last call.

        Raises:
            ServiceMissing: the cluster did not confirm a record in time; it may or may not be there.
        """
        ...
