"""How one partition's records are cut into batches: pure state, no clock of its own.

In: records in offset order, how far the log was read, the time. Out: cuts `[start, end)` of offsets. Any is good
the first time; once its end was promised (logged with the commit), the same cut comes again after a crash.
Never here: Kafka, rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

from pipeline.ports.records import InputRecord

MAX_BATCH_BYTES = 32 * 2**20
"""Values of one batch: 10,000 posts of the longest text would be 640 MB, ordinary ones are 15 MB."""


@dataclass(frozen=True)
class FlushLimits:
    """When a batch is full; whichever comes first."""

    rows: int
    wait_s: float
    size_bytes: int = MAX_BATCH_BYTES


class Cut(NamedTuple):
    """Offsets `[start, end)` and the records in them; markers and aborted records leave gaps."""

    start: int
    end: int
    records: tuple[InputRecord, ...]


class PartitionBuffer:
    """Cuts one partition.

    Args:
        start: first offset that is not yet stored.
        intended_end: end of the cut that was promised before a restart, if any.
        limits: when to cut.
    """

    def __init__(self, start: int, intended_end: int | None, limits: FlushLimits) -> None:
        self._start = start
        self._limits = limits
        self._intended_end = intended_end if intended_end is not None and intended_end > start else None
        self._records: list[InputRecord] = []
        self._size_bytes = 0
        self._read_to = start
        self._oldest_s: float | None = None
        self._chosen: Cut | None = None

    @property
    def start(self) -> int:
        """First offset that is not yet stored: what a commit acknowledges."""
        return self._start

    @property
    def read_to(self) -> int:
        """Offset up to which the log was read, transaction markers included."""
        return self._read_to

    @property
    def waiting(self) -> int:
        """Records held."""
        return len(self._records)

    @property
    def full(self) -> bool:
        """Whether to stop reading the partition for now."""
        if self._intended_end is not None and self._read_to < self._intended_end:
            return False  # announced before a restart, perhaps with larger batches: it must be read whole
        return len(self._records) >= 2 * self._limits.rows or self._size_bytes >= 2 * self._limits.size_bytes

    def add(self, record: InputRecord, now_s: float) -> None:
        """Takes the next record; offsets only grow."""
        if record.offset < self._read_to:
            return
        self._records.append(record)
        self._size_bytes += len(record.value or b"")
        self._read_to = record.offset + 1
        if self._oldest_s is None:
            self._oldest_s = now_s

    def passed(self, offset: int) -> None:
        """The log holds nothing below `offset` beyond what was added."""
        self._read_to = max(self._read_to, offset)

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until `next_cut` gives something; 0 when it does now, None when more input is needed."""
        if self._chosen is not None:
            return 0.0
        if self._intended_end is not None:
            return 0.0 if self._read_to >= self._intended_end else None
        if self._oldest_s is None:
            return None
        if len(self._records) >= self._limits.rows or self._size_bytes >= self._limits.size_bytes:
            return 0.0
        return max(0.0, self._oldest_s + self._limits.wait_s - now_s)

    def next_cut(self, now_s: float) -> Cut | None:
        """The batch to store now; the same one until `done`."""
        if self._chosen is None and self.due_in_s(now_s) == 0.0:
            self._chosen = self._cut_at(self._intended_end) if self._intended_end else self._cut_full()
        return self._chosen

    def done(self, now_s: float) -> None:
        """The chosen cut is stored; what came after it begins a new one."""
        assert self._chosen is not None, "nothing was cut"
        stored = len(self._chosen.records)
        self._size_bytes -= sum(len(record.value or b"") for record in self._chosen.records)
        del self._records[:stored]
        self._start = self._chosen.end
        self._chosen = self._intended_end = None
        self._oldest_s = now_s if self._records else None

    def _cut_at(self, end: int) -> Cut:
        return Cut(self._start, end, tuple(record for record in self._records if record.offset < end))

    def _cut_full(self) -> Cut:
        size_bytes = 0
        taken: list[InputRecord] = []
        for record in self._records[: self._limits.rows]:
            size_bytes += len(record.value or b"")
            if taken and size_bytes > self._limits.size_bytes:
                break
            taken.append(record)
        return Cut(self._start, taken[-1].offset + 1, tuple(taken))
