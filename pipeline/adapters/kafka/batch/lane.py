"""One assigned partition of the batch loop: what waits, what was promised, when to try again.

In: records and outcomes. Out: what to do next and when. Never here: Kafka calls, rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.ports.records import InputRecord

FIRST_DELAY_S, QUICK_TRIES, SLOW_DELAY_S = 0.5, 5, 30.0
"""Back-off of a batch: 0.5 s doubled five times (Snuba's), then every 30 s until it works; no skipping."""


class Cut(Protocol):
    """Offsets `[start, end)` and their records."""

    @property
    def start(self) -> int:
        """First offset."""
        ...

    @property
    def end(self) -> int:
        """Offset after the last."""
        ...

    @property
    def records(self) -> Sequence[InputRecord]:
        """In offset order."""
        ...


class Buffer(Protocol):
    """Cuts one partition into batches; `pipeline.sink.batch.PartitionBuffer` is one."""

    @property
    def start(self) -> int:
        """First offset that is not stored."""
        ...

    @property
    def read_to(self) -> int:
        """Offset up to which the log was read, transaction markers included."""
        ...

    @property
    def waiting(self) -> int:
        """Records held."""
        ...

    @property
    def full(self) -> bool:
        """Whether to stop reading for now."""
        ...

    def add(self, record: InputRecord, now_s: float) -> None:
        """Takes the next record."""
        ...

    def passed(self, offset: int) -> None:
        """Nothing more comes below `offset`."""
        ...

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until a cut is due; None when input is missing."""
        ...

    def next_cut(self, now_s: float) -> Cut | None:
        """The batch to store, the same until `done`."""
        ...

    def done(self, now_s: float) -> None:
        """It is stored."""
        ...


@dataclass
class Lane:
    """One assigned partition.

    Args:
        topic: of the partition.
        partition: its number.
        token_prefix: names cluster, topic and partition for ever: a recreated topic gets another.
        buffer: its records.
        acknowledged: committed offset.
        announced: end of the batch that the last commit announced.
    """

    topic: str
    partition: int
    token_prefix: str
    buffer: Buffer
    acknowledged: int
    announced: int | None
    failures: int = 0
    retry_at_s: float = 0.0
    served_at_s: float = 0.0
    paused: bool = False

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until there is something to store; None when input is missing."""
        due_s = self.buffer.due_in_s(now_s)
        return None if due_s is None else max(due_s, self.retry_at_s - now_s, 0.0)

    def token(self, cut: Cut) -> str:
        """Names exactly the records of the cut."""
        return f"{self.token_prefix}/{cut.start}-{cut.end}"

    def failed(self, now_s: float) -> float:
        """The batch was not stored; returns the seconds until the next try."""
        self.failures += 1
        delay_s = back_off_s(self.failures)
        self.retry_at_s = now_s + delay_s
        return delay_s

    def stored(self, now_s: float) -> None:
        """The batch is stored, not yet acknowledged."""
        self.buffer.done(now_s)
        self.failures, self.retry_at_s = 0, 0.0


def back_off_s(failures: int) -> float:
    """Seconds to wait after that many failures in a row."""
    return FIRST_DELAY_S * 2.0 ** (failures - 1) if failures <= QUICK_TRIES else SLOW_DELAY_S
