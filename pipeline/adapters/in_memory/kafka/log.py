"""The log of one partition: records, control markers, and what a reader of committed records may see."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]
Content = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record."""


class Entry(NamedTuple):
    """One offset of a log."""

    offset: int
    append_ms: int
    """Time of the broker at which it was appended (LogAppendTime)."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    producer: int | None
    """Id of the transactional producer; None where the record belongs to no transaction."""
    serial: int
    """Number of the transaction among all of the cluster, 0 outside of one."""
    marker: bool
    """Whether it is the control marker that ends a transaction, which no reader is given."""


class PartitionLog:
    """Appends records and markers, and tells how far committed records are known."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.watchers: list[Callable[[], None]] = []
        """Called when a reader may find more."""
        self._open: dict[int, list[int]] = {}
        """Transactional producer to the offsets of its transaction here."""
        self._hidden: set[int] = set()

    @property
    def high(self) -> int:
        """The offset behind the last entry."""
        return len(self.entries)

    @property
    def stable(self) -> int:
        """The last stable offset, below which every transaction has ended."""
        return min(offsets[0] for offsets in self._open.values()) if self._open else len(self.entries)

    def append(
        self, records: Sequence[Content], append_ms: int, producer: int | None = None, serial: int = 0
    ) -> int:
        """Appends records and returns the offset of the first."""
        first = len(self.entries)
        self.entries += [
            Entry(offset, append_ms, *content, producer, serial, False)
            for offset, content in enumerate(records, first)
        ]
        if producer is not None:
            self._open.setdefault(producer, []).extend(range(first, len(self.entries)))
        self._tell()
        return first

    def end(self, producer: int, append_ms: int, *, committed: bool, serial: int) -> None:
        """Appends the marker that ends the producer's transaction. An aborted one stays hidden."""
        offsets = self._open.pop(producer, [])
        if not committed:
            self._hidden.update(offsets)
        self.entries.append(
            Entry(
                len(self.entries), append_ms, None, b"C" if committed else b"A", (), producer, serial, marker=True
            )
        )
        self._tell()

    def compact(self) -> None:
        """Removes what a newer committed record of the same key replaces. Offsets stay."""
        newest: dict[bytes | None, int] = {}
        for entry in self.read(0, self.stable, committed=True):
            if entry.key in newest:
                self._hidden.add(newest[entry.key])
            newest[entry.key] = entry.offset

    def read(self, start: int, end: int, *, committed: bool) -> Iterator[Entry]:
        """Yields the records of [start, end) that a reader is given."""
        entries, hidden = self.entries, self._hidden
        for offset in range(start, end):
            entry = entries[offset]
            if not entry.marker and not (committed and offset in hidden):
                yield entry

    def committed(self) -> Sequence[Entry]:
        """Returns every record that a reader of committed records is given now."""
        return list(self.read(0, self.stable, committed=True))

    def _tell(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()
