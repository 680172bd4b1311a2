"""The hashes of handled inputs as entries of the changelog: their keys, and how a restore gathers them.

The hashes of a minute lie in chunks under `handled/<minute since the epoch>/<number>`, numbered from 0. The
release before wrote one entry an input, whose key, `seen-post/...` or `seen-rep/...`, is the name that is hashed
now.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from pipeline.route.state.dedupe.hashes import HashIndex
from pipeline.route.state.entities import Entity, HashChunk, Seen

MINUTE_MS = 60_000
CHUNK = 128
"""Most hashes of a chunk. Larger ones would make fewer entries, but a transaction writes the last one again, half
of it on average."""
CHUNK_BYTES = 8 * CHUNK
_MOST_GATHERED = 1 << 14
"""Chunks that a restore gathers before it adds them to the index together."""
_PREFIX, _FORMER = "handled/", ("seen-post/", "seen-rep/")


def hash_of(name: str) -> int:
    """Returns the hash of an input's name: 64 bits, unsigned."""
    return xxh3_64_intdigest(name.encode())


def chunk_key(minute: int, number: int) -> str:
    """Returns the changelog key of a chunk."""
    return f"{_PREFIX}{minute}/{number}"


def is_of_handled(key: str) -> bool:
    """Returns whether an entry with that key is about handled inputs."""
    return key.startswith((_PREFIX, *_FORMER))


def is_chunk_key(key: str) -> bool:
    """Returns whether the key is that of a chunk, and not one of the release before."""
    return key.startswith(_PREFIX)


@dataclass
class Minute:
    """What the changelog holds of one minute."""

    minute: int
    first: int = 0
    """Number of its first chunk."""
    end: int = 0
    """The number after that of its last chunk."""
    former: list[str] = field(default_factory=list)
    """Keys of the release before, from the last to the first."""

    def __bool__(self) -> bool:
        """Whether it holds anything."""
        return self.first < self.end or bool(self.former)

    def pop(self) -> str:
        """Removes its first entry and returns the key."""
        if self.former:
            return self.former.pop()
        self.first += 1
        return chunk_key(self.minute, self.first - 1)

    def push_back(self, key: str) -> None:
        """Undoes `pop`."""
        if is_chunk_key(key):
            self.first -= 1
        else:
            self.former.append(key)


class Restored:
    """Gathers the entries of a changelog, in whatever order they come, and adds their hashes to an index in bulk.

    Args:
        index: gets the hashes.
    """

    def __init__(self, index: HashIndex) -> None:
        self._index = index
        self._minutes: dict[int, Minute] = {}
        self._chunks: dict[tuple[int, int], bytes] = {}
        """Chunks by minute and number, as far as they are not in the index yet."""
        self._former: dict[str, int] = {}
        """Minute of each entry of the release before."""

    def take(self, key: str, entity: Entity | None) -> None:
        """Takes one entry; None ends it."""
        if not is_chunk_key(key):
            self._former.pop(key, None)
            if isinstance(entity, Seen):
                self._former[key] = entity.at_ms // MINUTE_MS
            return
        minute, number = (int(part) for part in key.removeprefix(_PREFIX).split("/"))
        if isinstance(entity, HashChunk):
            self._put(minute, number, entity.hashes)
        else:
            self._end(minute, number)

    def settle(self) -> tuple[deque[Minute], bytes]:
        """Adds what is left to the index.

        Returns:
            What the changelog holds by minute, the oldest first, and the hashes of the last chunk.
        """
        last = max(self._chunks, default=None)
        last_chunk = b"" if last is None else self._chunks[last]
        self._flush(None)
        # Sorted, because the order in which entries end is part of what a router writes.
        names = sorted(self._former, reverse=True)
        for name in names:
            minute = self._former[name]
            self._minutes.setdefault(minute, Minute(minute)).former.append(name)
        self._index.add_many(
            np.array([hash_of(name) for name in names], np.uint64),
            np.array([self._former[name] for name in names], np.uint64),
        )
        minutes = deque(self._minutes[minute] for minute in sorted(self._minutes))
        is_of_newest_minute = last is not None and minutes and last[0] == minutes[-1].minute
        return minutes, last_chunk if is_of_newest_minute else b""

    def _put(self, minute: int, number: int, hashes: bytes) -> None:
        held = self._minutes.get(minute)
        if held is None:
            self._minutes[minute] = Minute(minute, number, number + 1)
        else:
            held.first, held.end = min(held.first, number), max(held.end, number + 1)
        self._chunks[minute, number] = hashes
        if len(self._chunks) > _MOST_GATHERED:
            # The newest chunk was written again and again, until it was full. It stays, so that the index gets it
            # once.
            self._flush(max(self._chunks))

    def _end(self, minute: int, number: int) -> None:
        self._chunks.pop((minute, number), None)
        held = self._minutes.get(minute)
        if held is None:
            return
        # The chunks of a minute end from the first to the last.
        held.first = max(held.first, number + 1)
        if not held:
            del self._minutes[minute]

    def _flush(self, keep: tuple[int, int] | None) -> None:
        kept = {} if keep is None else {keep: self._chunks.pop(keep)}
        if self._chunks:
            # In order of time, as the index wants the rows of a bucket.
            chunks = [(minute, self._chunks[minute, number]) for minute, number in sorted(self._chunks)]
            hashes: NDArray[np.uint64] = np.frombuffer(b"".join(chunk for _, chunk in chunks), "<u8").astype(
                np.uint64
            )
            counts = [len(chunk) // 8 for _, chunk in chunks]
            self._index.add_many(hashes, np.repeat(np.array([minute for minute, _ in chunks], np.uint64), counts))
        self._chunks = kept
