"""A set of 64-bit hashes, each with the minute in which it was added, at 8 bytes a hash and a little more.

The first bits of a hash choose one of 2^19 buckets. A bucket is one bytes object of 8-byte rows, and a row holds
the other 45 bits of the hash before 19 bits of the minute. So a row says exactly which hash it stands for, a
look-up is one search by C in about 2 KB, and no table is ever copied to make it larger.

Rows stand in the order in which they were added. What is too old lies at the front of its bucket and is cut off
when the bucket gets its next row. Until then a reader skips it, so that the answer depends on minutes alone.

Measured with 130 million hashes: `tests/long/test_handled.py`.
"""

import numpy as np
from numpy.typing import NDArray

BUCKET_BITS = 19
"""With 130 million hashes, 18 bits took 2 % less memory and twice the time, and 20 bits 15 % more memory."""
_REST_BITS = 64 - BUCKET_BITS
_REST_MASK = (1 << _REST_BITS) - 1
MINUTES = 1 << (64 - _REST_BITS)
"""A row tells this many minutes apart, which are 364 days. What is remembered must be younger."""
_MINUTE_MASK = MINUTES - 1
_ROW = 8
_NEEDLE = _REST_BITS // 8
"""A row is searched by this many of its first bytes. The few bits of the hash behind them are compared."""
_BULK_BITS = 21
"""Most hashes that are added at once are 2^21. Each takes about 70 bytes meanwhile. The place of a hash and the
number of its bucket fit into 64 bits together."""


class HashIndex:
    """Says whether a hash was added in a minute or later. A hash may be added again in a later minute."""

    def __init__(self) -> None:
        self._buckets = [b""] * (1 << BUCKET_BITS)

    def holds(self, hash_: int, oldest: int, newest: int) -> bool:
        """Returns whether the hash was added in one of the minutes from `oldest` to `newest`.

        Args:
            hash_: 64 bits, unsigned.
            oldest: a minute since the epoch.
            newest: a minute since the epoch, which no row is younger than, less than `MINUTES` after `oldest`.
        """
        rows = self._buckets[hash_ >> _REST_BITS]
        rest = hash_ & _REST_MASK
        needle = (rest << BUCKET_BITS).to_bytes(_ROW, "big")[:_NEEDLE]
        at = rows.find(needle)
        while at >= 0:
            # The same bytes may also stand across two rows.
            if at % _ROW == 0:
                row = int.from_bytes(rows[at : at + _ROW], "big")
                if row >> BUCKET_BITS == rest and (newest - row) & _MINUTE_MASK <= newest - oldest:
                    return True
            at = rows.find(needle, at + 1)
        return False

    def add(self, hash_: int, minute: int, oldest: int) -> None:
        """Adds a hash and drops what was added in its bucket before the minute `oldest`."""
        number = hash_ >> _REST_BITS
        rows = self._buckets[number]
        first, span = 0, minute - oldest
        while (
            first < len(rows)
            and (minute - int.from_bytes(rows[first + 5 : first + 8], "big")) & _MINUTE_MASK > span
        ):
            first += _ROW
        row = ((hash_ & _REST_MASK) << BUCKET_BITS | minute & _MINUTE_MASK).to_bytes(_ROW, "big")
        self._buckets[number] = (rows[first:] if first else rows) + row

    def add_many(self, hashes: NDArray[np.uint64], minutes: NDArray[np.uint64]) -> None:
        """Adds hashes with their minutes, about ten times as fast as one by one.

        Args:
            hashes: shape (n,).
            minutes: shape (n,), of the hash at the same place.
        """
        for start in range(0, len(hashes), 1 << _BULK_BITS):
            end = start + (1 << _BULK_BITS)
            self._add_bulk(hashes[start:end], minutes[start:end])

    def _add_bulk(self, hashes: NDArray[np.uint64], minutes: NDArray[np.uint64]) -> None:
        numbers = hashes >> np.uint64(_REST_BITS)
        # Sorted by bucket and then by place. As one integer each they sort faster than through an index.
        keys = np.sort(numbers << np.uint64(_BULK_BITS) | np.arange(len(hashes), dtype=np.uint64))
        order = (keys & np.uint64((1 << _BULK_BITS) - 1)).astype(np.int64)
        rows = (hashes & np.uint64(_REST_MASK)) << np.uint64(BUCKET_BITS) | minutes & np.uint64(_MINUTE_MASK)
        data = rows[order].astype(">u8").tobytes()
        sorted_numbers = (keys >> np.uint64(_BULK_BITS)).astype(np.int64)
        starts = np.flatnonzero(np.diff(sorted_numbers, prepend=-1))
        ends = np.append(starts[1:], len(hashes))
        buckets = self._buckets
        for number, start, end in zip(
            sorted_numbers[starts].tolist(), (starts * _ROW).tolist(), (ends * _ROW).tolist(), strict=True
        ):
            buckets[number] += data[start:end]
