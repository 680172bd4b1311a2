"""Indexes the dead letters of a topic by the record that each of them was made of.

Letters come in as they are read, and a hop can ask whether a record was kept. The bytes of a record are not
stored, only a hash of them, and no verdict is given.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Letter(NamedTuple):
    """Describes one dead letter by its error code, the place where it lies and a hash of its key and value."""

    code: str
    place: str
    digest: bytes


@dataclass
class Letters:
    """Holds the dead letters of one topic, by the source position in their headers."""

    by_source: dict[int, Letter] = field(default_factory=dict)
    repeated: dict[int, Letter] = field(default_factory=dict)
    """Maps a source that has more than one letter to the second of them."""
    altered: set[int] = field(default_factory=set)
    """Holds the sources whose letter differs from the bytes in the topic."""
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, source: int, letter: Letter) -> None:
        """Notes one letter."""
        self.codes[letter.code] += 1
        if source in self.by_source:
            # A third letter would name the same fault again, so only the second one is kept.
            self.repeated.setdefault(source, letter)
        else:
            self.by_source[source] = letter

    def kept(self, source: int) -> bool:
        """Says whether the record at that position lies in the dead letters, byte for byte."""
        return source in self.by_source and source not in self.altered
