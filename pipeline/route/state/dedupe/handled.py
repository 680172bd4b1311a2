"""Which inputs were handled, so that their repeats change nothing: 64-bit hashes of their names, by minute.

A name is remembered for `remember_ms` from the end of the minute in which it was handled. Time alone decides that.
The entries of the changelog may therefore end later, some at a time, without any change of an answer.

A transaction writes each of its hashes once, in chunks (`chunks.py`), and once more those of the last chunk while
it is not full: 11 bytes a hash and up to 1.4 KB besides.

Two names may have the same hash. With n names remembered, a new input is taken for a repeat, and lost, with
probability n / 2^64. For 130 million names (15 days at 100 inputs a second) this is 7e-12, which is one input in
45 years of a partition. A repeat is never taken for a new input.

Repeats are known by what they are, and not by the position of their raw record, which a `ScoredPost` names too. A
watermark of positions would drop posts that nobody has handled. A dead letter of `posts.actionable` is replayed
long after its neighbours, a delivery that fails leaves a gap which the restarted worker fills after later posts,
and a topic that is made anew counts from 0 again.
"""

import struct
from collections import deque
from itertools import groupby
from operator import itemgetter

from pipeline.route.state.dedupe.chunks import CHUNK_BYTES, MINUTE_MS, Minute, Restored, chunk_key, hash_of
from pipeline.route.state.dedupe.hashes import MINUTES, HashIndex
from pipeline.route.state.entities import Entity, HashChunk

Mark = tuple[int, int]
"""Number of names noted and number of entries ended since the last commit."""


class Handled:
    """Names that were noted, with an undo back to the last `commit`.

    Args:
        remember_ms: how long a name is remembered.

    Raises:
        ValueError: longer than the index can tell minutes apart, which is 364 days.
    """

    def __init__(self, remember_ms: int) -> None:
        if remember_ms // MINUTE_MS + 2 >= MINUTES:
            raise ValueError(f"inputs cannot be remembered for {remember_ms} ms")
        self._remember_ms = remember_ms
        self._index = HashIndex()
        self._restored: Restored | None = None
        self._minutes: deque[Minute] = deque()
        self._last_chunk = b""
        """The hashes of the last chunk of the newest minute."""
        self._noted: list[tuple[int, int]] = []
        """(hash, minute) of what was noted since the last commit."""
        self._noted_minutes: dict[int, int] = {}
        """The same as a look-up."""
        self._ended: list[tuple[Minute, str]] = []
        """Keys that ended since the last commit, with what held them."""

    def note(self, name: str, now_ms: int) -> bool:
        """Notes that an input is handled; returns False for a repeat.

        Args:
            name: what tells the input from every other, its kind and workspace included.
            now_ms: the router's now. It may be less than before a restart, where the clock is another one now.
        """
        if self._restored is not None:
            self._settle()
        hash_, minute, oldest = hash_of(name), now_ms // MINUTE_MS, self._oldest_minute(now_ms)
        # A minute never falls. An older one has chunks that are written, and those would be written over.
        newest = self._noted[-1][1] if self._noted else self._minutes[-1].minute if self._minutes else 0
        if minute < newest:
            minute = newest
        noted = self._noted_minutes.get(hash_)
        if (noted is not None and noted >= oldest) or self._index.holds(hash_, oldest, minute):
            return False
        self._noted.append((hash_, minute))
        self._noted_minutes[hash_] = minute
        return True

    def next_due_ms(self) -> int | None:
        """Returns when the entries of the oldest minute end, because it is forgotten; None without any."""
        if self._restored is not None:
            self._settle()
        # A minute to which this transaction adds must wait for the next one. An entry is not written and ended in
        # the same one.
        if not self._minutes or (self._noted and self._minutes[0].minute >= self._noted[0][1]):
            return None
        # A millisecond later than it is remembered. An entry that ended in that very millisecond would still be
        # remembered by this process, and not by one that restores.
        return (self._minutes[0].minute + 1) * MINUTE_MS + self._remember_ms + 1

    def end_entry(self) -> None:
        """Ends the oldest entry of the changelog, which must be due."""
        minute = self._minutes[0]
        self._ended.append((minute, minute.pop()))
        if not minute:
            self._minutes.popleft()

    def mark(self) -> Mark:
        """Returns a point to which `rollback` can go back."""
        return len(self._noted), len(self._ended)

    def rollback(self, mark: Mark = (0, 0)) -> None:
        """Undoes what happened since that point; (0, 0) is the last `commit`."""
        noted, ended = mark
        while len(self._noted) > noted:
            # Where the same name was noted before, that is longer ago than is remembered.
            self._noted_minutes.pop(self._noted.pop()[0], None)
        while len(self._ended) > ended:
            minute, key = self._ended.pop()
            if not minute:
                self._minutes.appendleft(minute)
            minute.push_back(key)

    def changes(self) -> dict[str, HashChunk | None]:
        """Returns what the changelog must learn since the last `commit`: chunks by key, None for an end."""
        ended: dict[str, HashChunk | None] = {key: None for _, key in self._ended}
        return ended | {chunk_key(minute, number): HashChunk(hashes) for minute, number, hashes in self._chunks()}

    def commit(self) -> None:
        """Makes everything so far the state to which `rollback()` goes back."""
        for minute, number, hashes in self._chunks():
            if not self._minutes or self._minutes[-1].minute != minute:
                self._minutes.append(Minute(minute))
            self._minutes[-1].end = number + 1
            self._last_chunk = hashes
        if self._noted:
            oldest = self._oldest_minute(self._noted[-1][1] * MINUTE_MS)
            for hash_, minute in self._noted:
                self._index.add(hash_, minute, oldest)
        self._noted.clear()
        self._noted_minutes.clear()
        self._ended.clear()

    def restore(self, key: str, entity: Entity | None) -> None:
        """Takes one entry of the changelog, before anything is noted; None ends it."""
        if self._restored is None:
            self._restored = Restored(self._index)
        self._restored.take(key, entity)

    def _settle(self) -> None:
        assert self._restored is not None
        self._minutes, self._last_chunk = self._restored.settle()
        self._restored = None

    def _oldest_minute(self, now_ms: int) -> int:
        """Returns the oldest minute that is remembered. One that is due just now still is."""
        return -((self._remember_ms - now_ms) // MINUTE_MS) - 1

    def _chunks(self) -> list[tuple[int, int, bytes]]:
        """Returns (minute, number, hashes) of the chunks that this transaction writes."""
        chunks: list[tuple[int, int, bytes]] = []
        # A minute never falls, so that those of each are in one run.
        for minute, noted in groupby(self._noted, itemgetter(1)):
            hashes = [hash_ for hash_, _ in noted]
            number, data = 0, struct.pack(f"<{len(hashes)}Q", *hashes)
            if self._minutes and self._minutes[-1].minute == minute:
                number = self._minutes[-1].end
                if 0 < len(self._last_chunk) < CHUNK_BYTES:
                    number, data = number - 1, self._last_chunk + data
            for start in range(0, len(data), CHUNK_BYTES):
                chunks.append((minute, number, data[start : start + CHUNK_BYTES]))
                number += 1
        return chunks
