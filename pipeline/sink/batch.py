"""Cuts one partition's records into batches. The state is pure and has no clock of its own.

A cut is a range `[start, end)` of offsets. Any cut is good the first time. Once its end was promised in the
metadata of a commit, the same cut comes again after a crash, so that its token names the same rows and ClickHouse
counts them once.
"""

from dataclasses import dataclass
from typing import NamedTuple

from pipeline.ports.records import InputRecord

MAX_BATCH_BYTES = 32 * 2**20
"""A batch holds values of so many bytes. 10,000 posts of the longest text would be 640 MB, ordinary ones are 15
MB."""


@dataclass(frozen=True)
class FlushLimits:
    """Says when a batch is full, whichever limit comes first."""

    rows: int
    wait_s: float
    size_bytes: int = MAX_BATCH_BYTES


class Cut(NamedTuple):
    """Holds offsets `[start, end)` and the records in them. Markers and aborted records leave gaps."""

    start: int
    end: int
    records: tuple[InputRecord, ...]


class PartitionBuffer:
    """Cuts one partition.

    Args:
        start: the first offset that is not yet stored.
        announced_end: the end of the cut that was promised before a restart, if any.
        limits: when to cut.
    """

    def __init__(self, start: int, announced_end: int | None, limits: FlushLimits) -> None:
        self._start = start
        self._limits = limits
        self._announced_end = announced_end if announced_end is not None and announced_end > start else None
        self._records: list[InputRecord] = []
        self._size_bytes = 0
        self._read_to = start
        self._oldest_s: float | None = None
        self._chosen: Cut | None = None

    @property
    def start(self) -> int:
        """The first offset that is not yet stored, which is what a commit acknowledges."""
        return self._start

    @property
    def read_to(self) -> int:
        """The offset up to which the log was read, transaction markers included."""
        return self._read_to

    @property
    def waiting(self) -> int:
        """How many records are held."""
        return len(self._records)

    @property
    def full(self) -> bool:
        """Whether reading the partition should stop for now."""
        if self._announced_end is not None and self._read_to < self._announced_end:
            # The cut was announced before a restart, perhaps with larger limits, and can only be stored whole.
            return False
        return len(self._records) >= 2 * self._limits.rows or self._size_bytes >= 2 * self._limits.size_bytes

    def add(self, record: InputRecord, now_s: float) -> None:
        """Takes the next record. An offset that was passed already is ignored, because offsets only grow."""
        # A reader that was thrown back gives records again, and a second copy would break the promised cut.
        if record.offset < self._read_to:
            return
        self._records.append(record)
        self._size_bytes += len(record.value or b"")
        self._read_to = record.offset + 1
        if self._oldest_s is None:
            self._oldest_s = now_s

    def passed(self, offset: int) -> None:
        """Notes that the log holds nothing below `offset` beyond what was added."""
        self._read_to = max(self._read_to, offset)

    def due_in_s(self, now_s: float) -> float | None:
        """Returns the seconds until `next_cut` gives a batch; 0 when it does now, None when more input is
        needed."""
        if self._chosen is not None:
            return 0.0
        if self._announced_end is not None:
            return 0.0 if self._read_to >= self._announced_end else None
        if self._oldest_s is None:
            return None
        if len(self._records) >= self._limits.rows or self._size_bytes >= self._limits.size_bytes:
            return 0.0
        return max(0.0, self._oldest_s + self._limits.wait_s - now_s)

    def next_cut(self, now_s: float) -> Cut | None:
        """Returns the batch to store now. It is the same one until `done`."""
        # A cut that was chosen stays, although records come meanwhile: a repeated insert must hold the same rows.
        if self._chosen is None and self.due_in_s(now_s) == 0.0:
            self._chosen = self._cut_at(self._announced_end) if self._announced_end else self._cut_full()
        return self._chosen

    def done(self, now_s: float) -> None:
        """Notes that the chosen cut is stored. The records behind it begin a new one."""
        assert self._chosen is not None, "nothing was cut"
        stored = len(self._chosen.records)
        self._size_bytes -= sum(len(record.value or b"") for record in self._chosen.records)
        del self._records[:stored]
        self._start = self._chosen.end
        # The promise holds for one cut only. The next one is cut by the limits again.
        self._chosen = self._announced_end = None
        self._oldest_s = now_s if self._records else None

    def _cut_at(self, end: int) -> Cut:
        return Cut(self._start, end, tuple(record for record in self._records if record.offset < end))

    def _cut_full(self) -> Cut:
        size_bytes = 0
        taken: list[InputRecord] = []
        for record in self._records[: self._limits.rows]:
            size_bytes += len(record.value or b"")
            # A record that is larger than the limit alone makes a batch of its own, or nothing would ever move.
            if taken and size_bytes > self._limits.size_bytes:
                break
            taken.append(record)
        return Cut(self._start, taken[-1].offset + 1, tuple(taken))
