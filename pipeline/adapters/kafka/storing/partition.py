"""One assigned partition of the batch loop: what waits, what was announced, and when to try again.

It calls neither Kafka nor the store. `consumer.py` does, and says here how it went.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.adapters.kafka.storing.retries import back_off_s
from pipeline.ports.records import InputRecord


class Cut(Protocol):
    """The batch of offsets `[start, end)`."""

    @property
    def start(self) -> int:
        """The first offset."""
        ...

    @property
    def end(self) -> int:
        """The offset after the last one."""
        ...

    @property
    def records(self) -> Sequence[InputRecord]:
        """The records in offset order. There may be fewer than offsets, for markers are no records."""
        ...


class Buffer(Protocol):
    """Cuts one partition into batches, as `pipeline.sink.batch.PartitionBuffer` does."""

    @property
    def start(self) -> int:
        """The first offset that is not stored."""
        ...

    @property
    def read_to(self) -> int:
        """The offset up to which the log was read, transaction markers included."""
        ...

    @property
    def waiting(self) -> int:
        """The number of records that it holds."""
        ...

    @property
    def full(self) -> bool:
        """Whether reading must stop for now."""
        ...

    def add(self, record: InputRecord, now_s: float) -> None:
        """Takes the next record."""
        ...

    def passed(self, offset: int) -> None:
        """Notes that nothing more comes below `offset`."""
        ...

    def due_in_s(self, now_s: float) -> float | None:
        """Returns the seconds until a cut is due; None when input is missing."""
        ...

    def next_cut(self, now_s: float) -> Cut | None:
        """Returns the batch to store, the same one until `done`."""
        ...

    def done(self, now_s: float) -> None:
        """Notes that the batch is stored."""
        ...


@dataclass
class AssignedPartition:
    """The state of one assigned partition.

    Args:
        topic: its topic.
        number: its number.
        token_prefix: names cluster, topic and partition for ever. A topic that is created again gets another one.
        buffer: its records.
        acknowledged: the committed offset.
        announced: end of the batch that the last commit announced; None if it announced none.
    """

    topic: str
    number: int
    token_prefix: str
    buffer: Buffer
    acknowledged: int
    announced: int | None
    failures: int = 0
    retry_at_s: float = 0.0
    served_at_s: float = 0.0
    paused: bool = False

    def due_in_s(self, now_s: float) -> float | None:
        """Returns the seconds until there is something to store; None when input is missing."""
        due_s = self.buffer.due_in_s(now_s)
        return None if due_s is None else max(due_s, self.retry_at_s - now_s, 0.0)

    def token(self, cut: Cut) -> str:
        """Returns a name of exactly the records of the cut."""
        return f"{self.token_prefix}/{cut.start}-{cut.end}"

    def failed(self, now_s: float) -> float:
        """Notes that the batch was not stored, and returns the seconds until the next try."""
        self.failures += 1
        delay_s = back_off_s(self.failures)
        self.retry_at_s = now_s + delay_s
        return delay_s

    def stored(self, now_s: float) -> None:
        """Notes that the batch is stored. It is not yet acknowledged."""
        self.buffer.done(now_s)
        self.failures, self.retry_at_s = 0, 0.0
