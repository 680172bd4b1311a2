"""Cuts CSV lines into rows. Each has the line where it begins and its original bytes, and a broken row costs only
itself.

What a column means is not known here.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.errors import Permanent
from pipeline.ingest.lines import Line


class Row(NamedTuple):
    """Holds one row with its cells, or with the reason why they cannot be read."""

    line: int
    raw: bytes
    cells: list[str] | Permanent


class _Feed:
    """Feeds `csv.reader` line by line and remembers which lines the current row has taken."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []
        self.ended_inside = False
        self.broken: Permanent | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            self.ended_inside = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        try:
            return line.raw.decode()
        except UnicodeDecodeError as error:
            self.broken = Permanent("invalid_utf8", f"byte {error.start} of line {line.number} is not UTF-8")
            return line.raw.decode(errors="replace")

    def start_row(self) -> None:
        """Forgets the lines of the row before."""
        self.taken, self.ended_inside, self.broken = [], False, None

    def give_back(self) -> None:
        """Lets all lines but the row's first be read again, as rows of their own."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def rows(lines: Iterable[Line], delimiter: str) -> Iterator[Row]:
    """Yields every row that is not blank, the header included.

    A quote that is never closed swallows what follows, until the end of the file or the csv module's longest cell
    (131,072 characters, twice the contract's longest text). Then only the row's first line is given up and the
    rest is read again.
    """
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        feed.start_row()
        found: list[str] | Permanent
        try:
            found = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found = _explain(error)
        if feed.ended_inside:
            found = Permanent("invalid_csv", "a quote is opened and never closed")
        if isinstance(found, Permanent):
            feed.give_back()
            reader = csv.reader(feed, delimiter=delimiter)
        elif not found:
            continue
        yield Row(feed.taken[0].number, b"".join(line.raw for line in feed.taken), feed.broken or found)


def _explain(error: csv.Error) -> Permanent:
    if "field limit" in str(error):
        return Permanent("too_large", f"a cell has more than {csv.field_size_limit()} characters")
    return Permanent("invalid_csv", str(error))
