"""Finds out how a text is a table: its delimiter, how it quotes, and the line with the names of its columns.

Every likely way is tried on the sample, and that is taken in which most rows have the same number of cells.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Line
from pipeline.ingest.look.decision import Asked, Dialect, Quoting, Table
from pipeline.ingest.table.rows import TIME, Row, rows

DELIMITERS = (",", ";", "\t", "|")
"""Exports put these between cells, the commonest first."""
_SPOKEN = re.compile(r'\s*"?sep=(.)"?\s*')
"""A spreadsheet program writes and understands this line above a table."""
_VALUE = re.compile(rf"[-+]?[\d.,:%]+|https?://\S+|{TIME.pattern}")
"""No column is named like a number, an address or a time."""
_DOUBLED = re.compile(rb'[^,;\t|\r\n"]""(?!")|(?<!")""[^,;\t|\r\n"]')
"""Matches two quotes that stand for one, at the end or the beginning of a word."""
_ABSENT_IN_DUMP = re.compile(rb"(?:^|\t)\\N(?=\t|\r?$)", re.MULTILINE)
"""MySQL (SELECT ... INTO OUTFILE) and PostgreSQL (COPY, text format) write NULL so, and nobody else does."""
_ROWS_TRIED = 400
_HEADER_AMONG = 100
_FEWEST_ROWS = 3
_LONGEST_NAME = 200


class _Reading(NamedTuple):
    """Says what comes of one way to read the sample."""

    dialect: Dialect
    header: Row | None
    names: list[str]
    width: int
    share: float
    """Gives how many of the rows from the header on have the width."""
    wanted: bool
    """Whether the header has all the columns that a map needs."""

    @property
    def rank(self) -> tuple[bool, bool, bool, float, int]:
        fits = self.width == len(self.names)
        return (self.wanted, self.header is not None, fits, self.share, self.width)


_NOTHING = _Reading(Dialect(), None, [], 0, 0.0, wanted=False)


def table(sample: Sequence[Line], asked: Asked, file: str) -> Table:
    """Returns how the lines of a sample are a table.

    Args:
        sample: the first lines, each of them whole.
        asked: what the operator says. It is never doubted.
        file: its name, for messages.

    Raises:
        Misconfigured: no way to read it makes a table, or no line holds the names of the columns.
    """
    spoken = _SPOKEN.fullmatch(sample[0].raw.decode(errors="replace").strip("\ufeff")) if sample else None
    below = sample[1:] if spoken else sample
    delimiters = [asked.delimiter] if asked.delimiter else [spoken[1]] if spoken else list(DELIMITERS)
    text = b"".join(line.raw for line in below)
    quotings: list[Quoting] = [asked.quoting] if asked.quoting else _quotings(text)
    readings = [
        _read(
            below, Dialect(delimiter, quoting, doubt="quotes" if quoting == "none" != asked.quoting else ""), asked
        )
        for delimiter in delimiters
        for quoting in quotings
        if delimiter.encode() in text
    ]
    best = max(readings, key=lambda reading: reading.rank, default=_NOTHING)
    if best.header is None or best.width < 2:
        other = "" if asked.delimiter is None else _other_delimiter(below, asked, text)
        raise Misconfigured(_hopeless(best, file) + other)
    spaced = len(best.names) > 1 and all(name.startswith(" ") for name in best.names[1:])
    dialect = replace(best.dialect, spaced=spaced)
    if asked.quoting is None and best.dialect.quoting == "double" and not _doubles(text, best, readings):
        dialect = replace(dialect, doubt="backslashes")
    if asked.quoting is None and dialect.delimiter == "\t" and _ABSENT_IN_DUMP.search(text):
        dialect = replace(dialect, quoting="dump", doubt="")
        best = _read(below, dialect, asked)
    if spaced:
        best = _read(below, dialect, asked)
    line = 0 if _named(asked) else best.header.line if best.header else 0
    return Table(dialect, line, distinct(best.names), best.width)


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Returns the names of columns without the blanks around them. The second `text` becomes `text#2`."""
    seen: Counter[str] = Counter()
    found = []
    for name in map(str.strip, names):
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(found)


def _named(asked: Asked) -> list[str]:
    return [] if asked.header is None or asked.header.isdigit() else asked.header.split(",")


def _quotings(text: bytes) -> list[Quoting]:
    # The first one wins where several read the sample equally well.
    found: list[Quoting] = ["double"]
    if b"\\" in text:
        found.append("backslash")
    if b'"' in text:
        found.append("none")
    return found


def _doubles(text: bytes, best: _Reading, readings: Sequence[_Reading]) -> bool:
    """Returns whether the sample shows that a backslash is a sign like any other."""
    return _DOUBLED.search(text) is not None or any(
        reading.dialect == replace(best.dialect, quoting="backslash")
        and reading.rank < best.rank
        and best.share == 1
        for reading in readings
    )


def _read(sample: Sequence[Line], dialect: Dialect, asked: Asked) -> _Reading:
    found = list(islice(rows(sample, dialect), _ROWS_TRIED))
    given = _named(asked)
    if given:
        begin = Row(0, b"", given)
        return _judged(dialect, begin, given, found, asked)
    if asked.header is not None:
        at = next((place for place, row in enumerate(found) if row.line == int(asked.header)), None)
    else:
        at = _header(found, asked)
    if at is None:
        return _Reading(dialect, None, [], _usual(found), 0.0, wanted=False)
    names = found[at].cells
    return _judged(dialect, found[at], [] if isinstance(names, Permanent) else names, found[at + 1 :], asked)


def _judged(dialect: Dialect, header: Row, names: list[str], body: list[Row], asked: Asked) -> _Reading:
    width = _width(body, len(names))
    fit = sum(not isinstance(row.cells, Permanent) and len(row.cells) == width for row in body)
    if dialect.doubt == "quotes" and any(isinstance(row.cells, Permanent) for row in body):
        fit = 0  # A cell in quotes tells that cells are quoted after all.
    wanted = bool(asked.columns) and asked.columns <= set(distinct(names))
    return _Reading(dialect, header, names, width, (fit + 1) / (len(body) + 1), wanted)


def _width(body: list[Row], names: int) -> int:
    """Returns how many cells a row has. Rows that are all short, or all end in a delimiter, are taken so."""
    counts = Counter(len(row.cells) for row in body if not isinstance(row.cells, Permanent))
    return names if not counts or counts[names] else _usual(body)


def _usual(found: list[Row]) -> int:
    # Lines above a header do not reach into the last rows of even a short table.
    last = found[-max(_FEWEST_ROWS, len(found) // 4) :]
    later = [len(row.cells) for row in last if not isinstance(row.cells, Permanent)]
    return max(reversed(later), key=Counter(later).__getitem__, default=0)


def _header(found: list[Row], asked: Asked) -> int | None:
    among = [
        (at, row.cells) for at, row in enumerate(found[:_HEADER_AMONG]) if not isinstance(row.cells, Permanent)
    ]
    if asked.columns:
        fitting = next((at for at, cells in among if asked.columns <= set(distinct(cells))), None)
        if fitting is not None:
            return fitting
    width = _usual(found)
    plausible = [(at, len(cells)) for at, cells in among if _are_names(cells)]
    # Rows that all end in a delimiter have one cell more than there are names.
    plausible.sort(key=lambda place: min(abs(place[1] - width), 2))
    return plausible[0][0] if plausible else None


def _are_names(cells: list[str]) -> bool:
    full = [cell.strip() for cell in cells if cell.strip()]
    return 2 * len(full) > len(cells) > 1 and not any(
        len(cell) > _LONGEST_NAME or _VALUE.fullmatch(cell) for cell in full
    )


def _other_delimiter(sample: Sequence[Line], asked: Asked, text: bytes) -> str:
    """Returns a hint where another sign than the one that was said parts the lines into cells."""
    readings = [_read(sample, Dialect(sign), asked) for sign in DELIMITERS if sign.encode() in text]
    best = max(readings, key=lambda reading: reading.rank, default=_NOTHING)
    if best.header is None or best.width < 2 or best.dialect.delimiter == asked.delimiter:
        return ""
    return f"; {best.dialect.delimiter!r} parts them into {best.width}, and needs no --delimiter"


def _hopeless(best: _Reading, file: str) -> str:
    if best.width < 2:
        return f"{file} is neither a table nor JSON: no sign parts its lines into cells; say --delimiter"
    return (
        f"{file}: no line holds the names of the columns; say in which line they stand (--header 3), or name them "
        f"(--header 'id,user,date,text'), {best.width} in all"
    )
