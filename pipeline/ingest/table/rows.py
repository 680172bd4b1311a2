"""Cuts the lines of a table into rows, strictly. Each has the line where it begins and its original bytes.

A broken row costs only its first line, because the lines after it are read again as rows of their own. So a quote
that is never closed, or closed by that of a later row, swallows nothing. What a column means is not known here.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pipeline.errors import Permanent
from pipeline.ingest.lines import Line
from pipeline.ingest.look.decision import Dialect

_LONGEST_CELL_CHARS = csv.field_size_limit()
"""This is the csv module's own limit (131,072), twice the contract's longest text."""
_MARK = "\ufeff"
_DUMPED_CELL = re.compile(r"(?:^|(?<=\t))(?:[^\\\t]|\\.)*+", re.DOTALL)
_DUMPED = re.compile(r"\\(.)", re.DOTALL)
_DUMPED_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
"""What a letter behind a backslash stands for. Other signs are themselves (PostgreSQL, COPY, text format)."""
TIME = re.compile(
    r"(?:\d{4}[-/.]\d\d?[-/.]\d\d?\.?|\d{4}年\d\d?月\d\d?日|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d))"
    r"(?:[T ,]*\d{1,2}[:.h时時]\d\d.{0,24})?"
    r"|\d{9,19}(?:\.\d+)?|\d{5}\.\d+|[A-Z][a-z]{2}[a-z]*\.? \d{1,2},? .{2,24}"
    r"|[A-Z][a-z]{2},? \w{2,3} \w{2,3} \d.{5,24}"
    r"|(?:[^\W\d_]{2,12}\.?,? )?(?:\d{1,2}:\d\d.{0,12})?\d{1,2}\.?[ /-](?:de )?[^\W\d_]{3,10}\.?,?"
    r"[ /-](?:de )?(?:\d{4}|\d\d)\b.{0,40}"
)
"""A cell that is wholly such is most likely a time: ISO 8601, days by country, epoch and serial numbers, and with
names of months."""


class Row(NamedTuple):
    """Holds one row with its cells, or with the reason why they cannot be read."""

    line: int
    raw: bytes
    cells: list[str] | Permanent


class Source:
    """Yields lines, and takes back those that a broken row has taken."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._again: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._again.popleft() if self._again else next(self._lines)

    def give_back(self, lines: list[Line]) -> None:
        """Lets lines be read again."""
        self._again.extendleft(reversed(lines))


def rows(lines: Iterable[Line], dialect: Dialect, width: int | None = None) -> Iterator[Row]:
    """Yields every row that holds something, the header included.

    Args:
        lines: of the table, in UTF-8.
        dialect: how cells are parted.
        width: how many cells each row has. None takes every row as it comes.
    """
    source = Source(lines)
    reader = _Reader(source, dialect)
    for first in source:
        text = first.raw.decode(errors="surrogateescape").removeprefix(_MARK)
        taken = [first]
        found = reader.cells(text, taken)
        if not isinstance(found, Permanent):
            if not any(found):
                continue
            found = reader.checked(found, taken, width)
        if isinstance(found, Permanent) and len(taken) > 1:
            source.give_back(taken[1:])
            del taken[1:]
        yield Row(first.number, b"".join(line.raw for line in taken), found)


class _Reader:
    def __init__(self, source: Source, dialect: Dialect) -> None:
        self._source = source
        self._dialect = dialect
        self._plain = dialect.quoting != "backslash"
        self._options: dict[str, Any] = {
            "delimiter": dialect.delimiter,
            "strict": True,
            "skipinitialspace": dialect.spaced,
            "doublequote": dialect.quoting == "double",
            "escapechar": "\\" if dialect.quoting == "backslash" else None,
        }
        self._escape = re.compile(rf'\\[\\"\r\n{re.escape(dialect.delimiter)}]')
        self._escaped = re.compile(rf'(?:[^\\]++|\\[\\"\r\n{re.escape(dialect.delimiter)}])*+')

    def cells(self, text: str, taken: list[Line]) -> list[str] | Permanent:
        """Returns the cells of the row that begins with `text`, and adds the lines that it takes to `taken`."""
        if self._dialect.quoting == "dump" and "\\" in text:
            cells = [cell[0] for cell in _DUMPED_CELL.finditer(text.rstrip("\r\n"))]
            return [_undumped(cell) for cell in cells]
        if self._dialect.quoting in ("none", "dump") or ('"' not in text and (self._plain or "\\" not in text)):
            cells = text.rstrip("\r\n").split(self._dialect.delimiter)
            if len(text) > _LONGEST_CELL_CHARS and any(len(cell) > _LONGEST_CELL_CHARS for cell in cells):
                return _explain(csv.Error("field limit"), taken)
            return [cell.lstrip(" ") for cell in cells] if self._dialect.spaced else cells
        try:
            return next(csv.reader(self._fed(text, taken), **self._options))
        except csv.Error as error:
            return _explain(error, taken)

    def _fed(self, text: str, taken: list[Line]) -> Iterator[str]:
        yield text
        for line in self._source:
            taken.append(line)
            yield line.raw.decode(errors="surrogateescape")

    def checked(self, cells: list[str], taken: list[Line], width: int | None) -> list[str] | Permanent:
        """Returns the cells, or what is wrong with them."""
        raw = taken[0].raw if len(taken) == 1 else b"".join(line.raw for line in taken)
        if not raw.isascii():
            try:
                raw.decode()
            except UnicodeDecodeError as error:
                return Permanent("invalid_utf8", f"byte {error.start + 1} of the row is no text in this encoding")
        if b"\0" in raw:
            return Permanent("nul", "a NUL character stands in the row")
        if not self._plain and self._escaped.fullmatch(raw.decode()) is None:
            return Permanent("invalid_csv", "a backslash stands before a sign that needs none")
        if self._dialect.doubt == "quotes" and _is_quoted(cells):
            return Permanent("invalid_csv", "a cell stands in quotes, which no cell before did: say --quoting")
        if self._dialect.doubt == "backslashes" and b"\\" in raw and self._escape.search(raw.decode()):
            return Permanent(
                "invalid_csv", "a backslash may stand before a sign: say --quoting double or backslash"
            )
        if width is not None and len(cells) != width and (len(cells) < width or any(cells[width:])):
            return _misfit(len(cells), width, taken)
        return self._swallowed(taken, width or len(cells)) or cells

    def _swallowed(self, taken: list[Line], width: int) -> Permanent | None:
        for line in taken[1:]:
            cells = line.raw.decode(errors="replace").strip().split(self._dialect.delimiter)
            if len(cells) >= width > 1 and any(TIME.fullmatch(cell.strip(' "')) for cell in cells):
                return Permanent(
                    "swallowed_rows",
                    f"a quote opens in line {taken[0].number} and line {line.number} looks like a row of its own",
                )
        return None


def _undumped(cell: str) -> str:
    return "" if cell == "\\N" else _DUMPED.sub(lambda found: _DUMPED_SIGNS.get(found[1], found[1]), cell)


def _is_quoted(cells: list[str]) -> bool:
    """Returns whether a cell stands in quotes, which may hold delimiters."""
    opened = next((at for at, cell in enumerate(cells) if cell.startswith('"')), len(cells))
    return any(cell.endswith('"') for cell in cells[opened + 1 :]) or any(
        len(cell) > 1 and cell.startswith('"') and cell.endswith('"') for cell in cells
    )


def _misfit(cells: int, width: int, taken: list[Line]) -> Permanent:
    over = f", read from line {taken[0].number} to {taken[-1].number}" if len(taken) > 1 else ""
    detail = f"{cells} cells{over}, the table has {width}"
    return Permanent("too_few_cells", detail) if cells < width else Permanent("too_many_cells", detail)


def _explain(error: csv.Error, taken: list[Line]) -> Permanent:
    if "field limit" in str(error):
        return Permanent("too_large", f"a cell has more than {csv.field_size_limit()} characters")
    if "unexpected end" in str(error):
        return Permanent("invalid_csv", "a quote is opened and never closed")
    if "expected after" in str(error):
        where = "" if len(taken) == 1 else f", in line {taken[-1].number}"
        return Permanent("invalid_csv", f"text follows a quote that closes a cell{where}")
    return Permanent("invalid_csv", str(error))
