"""Likeness of texts: MinHash signatures, and the latest of them found by likeness.

In: comparable texts. Out: signatures, and the rows of those that are like a given one. Never here: what a cluster
is, times.

A signature has 64 positions of 16 bits; the share of positions in which two agree estimates the share of 4-letter
pieces that their texts have in common (Jaccard). rensa computes it in 14 us for 25 words (datasketch 162, numpy
19), and reads pieces alike in every process: its hash has no salt.
"""

from typing import Final

import numpy as np
import rensa  # ships no type information
from numpy.typing import NDArray

POSITIONS = 64
BANDS = 16
"""Of 4 positions each. Recall .95 on two-word edits of tweets at precision .95 (science.md 5)."""
MIN_AGREEING = 32
"""An estimate of at least .5 (science.md 5)."""
PIECE = 4
_SEED = 5
"""Part of every cluster id: another one makes other ids."""

Signature = NDArray[np.uint16]
"""64 values; of two workspaces never alike (`masked`)."""


def signature(text: str, mask: Signature) -> Signature:
    """The signature of a text of at least 4 characters, as the workspace of `mask` writes it."""
    sketch = rensa.RMinHash(POSITIONS, _SEED)
    sketch.update([text[start : start + PIECE] for start in range(len(text) - PIECE + 1)])
    # The low 16 of 32 bits: by chance alone two of them agree in one position of a thousand signatures.
    value: Signature = np.array(sketch.digest(), dtype=np.uint32).astype(np.uint16) ^ mask
    return value


class SignatureRing:
    """The latest `capacity` signatures; a new one takes the row of the oldest.

    Nothing is ever deleted: a slot that leads to a row which is another's by now is found out by comparing, which
    is done anyway. A slot keeps the latest row only, so that finding costs the same whatever is in it: of two-word
    edits .961 are found at once, .959 after 100,000 other texts and .937 just before theirs are overwritten.

    Memory: 128 bytes a row, and 64 bytes each for 2 to 4 slots a row.

    Args:
        capacity: >= 1.
    """

    def __init__(self, capacity: int) -> None:
        bits = max(8, capacity.bit_length() + 1)
        self._rows: Final = np.zeros((capacity, POSITIONS), dtype=np.uint16)
        # A slot holds its row + 1: zeros cost no memory before they are written.
        self._slots: Final = np.zeros(BANDS << bits, dtype=np.uint32)
        self._starts: Final = np.arange(BANDS, dtype=np.uint64) << np.uint64(bits)
        self._shift: Final = np.uint64(64 - bits)
        self._next = 0

    def add(self, value: Signature) -> int:
        """Remembers a signature in place of the oldest; its row."""
        row = self._next
        self._next = (row + 1) % len(self._rows)
        self.replace(row, value)
        return row

    def replace(self, row: int, value: Signature) -> None:
        """Puts another signature in a row; what was like the former one may still lead here."""
        self._rows[row] = value
        self._slots[self._places(value)] = row + 1

    def at(self, row: int) -> Signature:
        """A copy of the signature in a row."""
        value: Signature = self._rows[row].copy()
        return value

    def age(self, row: int) -> int:
        """How many signatures were added since that of the row."""
        return (self._next - 1 - row) % len(self._rows)

    def rows_agreeing(self, value: Signature, least: int = MIN_AGREEING) -> list[int]:
        """The rows whose signatures agree in at least `least` of 64 positions, the likest first."""
        slots = self._slots[self._places(value)]
        rows = slots[slots > 0].astype(np.int64) - 1
        if not rows.size:
            return []
        agreeing = (self._rows[rows] == value).sum(axis=1)
        found = {int(row): int(n) for row, n in zip(rows, agreeing, strict=True) if n >= least}
        return sorted(found, key=lambda row: (-found[row], self.age(row)))

    def _places(self, value: Signature) -> NDArray[np.uint64]:
        # Four positions are one 64-bit key; multiplying mixes it into its upper bits (Fibonacci hashing).
        keys = value.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        places: NDArray[np.uint64] = (keys >> self._shift) + self._starts
        return places
