"""The dead letters of a topic, by the record that each was made of.

In: letters as they are read. Out: whether a record is kept. Never here: bytes of a record, a verdict.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Letter(NamedTuple):
    """One dead letter: why, where it lies, and a hash of its key and value."""

    code: str
    place: str
    digest: bytes


@dataclass
class Letters:
    """The dead letters of one topic, by the source position in their headers."""

    by_source: dict[int, Letter] = field(default_factory=dict)
    repeated: dict[int, Letter] = field(default_factory=dict)
    """Sources that have more than one letter, with the second one."""
    altered: set[int] = field(default_factory=set)
    """Sources whose letter does not hold the bytes that the topic holds."""
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, source: int, letter: Letter) -> None:
        """Takes one letter."""
        self.codes[letter.code] += 1
        if source in self.by_source:
            self.repeated.setdefault(source, letter)
        else:
            self.by_source[source] = letter

    def kept(self, source: int) -> bool:
        """Whether the record of that position lies in the dead letters, byte for byte."""
        return source in self.by_source and source not in self.altered
