"""Reads arrivals for `earshot bench queue` from a CSV file: when a case came, whether it was urgent, and how long
it keeps a rep.

Each row of the file becomes one `Arrival`. A bad row is never passed over in silence.
"""

import math
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from pipeline.clock import from_ms, to_ms
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import numbered
from pipeline.ingest.look.container import contents
from pipeline.ingest.look.decision import Dialect
from pipeline.ingest.sources.values.times import Times
from pipeline.ingest.table.rows import Row, rows
from schemas.base import EARLIEST, LATEST

COLUMNS = ("at", "urgent", "score", "handle_s")
START_MS = 1_767_225_600_000
"""This is 2026-01-01T00:00:00Z, from which an `at` in plain seconds counts."""
LONGEST_HANDLE_S = 86_400
SHOWN = 20
"""So many bad rows are named one by one, and the rest is counted."""
_OLDEST_EPOCH_S = 1e8
"""A number of seconds from here on (March 1973) is Unix time. What is smaller counts from `START_MS`."""
_TIMES = Times()

Value = TypeVar("Value")


class Arrival(NamedTuple):
    """One case that comes."""

    at_ms: int
    """When, in milliseconds since the epoch."""
    urgent: bool
    """Whether it truly was urgent, which the router is not told."""
    priority: float
    """What the router is told, from 0 to 100."""
    handle_ms: int
    """How long a rep works at it, in milliseconds."""


class Arrivals(NamedTuple):
    """All cases of a file, in order of time."""

    cases: list[Arrival]
    scale: float
    """By what the scores of the file were multiplied to make priorities: 100 for probabilities, else 1."""


class _BadCell(Exception):
    """Says what is wrong with a cell."""


class _Cells(NamedTuple):
    """The cells of a row, each read by itself."""

    at_ms: int
    dated: bool
    urgent: bool
    score: float
    handle_s: float


def read_arrivals(file: str) -> Arrivals:
    """Returns the arrivals of a CSV file with the columns of `COLUMNS`, which may have more columns.

    A score is a priority from 0 to 100. If no score of the file is above 1, they are probabilities instead, and
    count a hundredfold. A time is RFC 3339 (UTC where it has no offset), Unix time, or seconds since any moment.

    Args:
        file: a path, or - for standard input; gzip or not.

    Raises:
        Misconfigured: the file cannot be read, lacks a column or holds no arrival, or rows are bad. Up to `SHOWN`
            bad rows are named as file:line: field.
    """
    found: list[_Cells] = []
    bad: list[str] = []
    try:
        with _open(file) as stream:
            table = iter(rows(numbered(contents(stream, file), file), Dialect()))
            places = _places(next(table, None), file)
            for row in table:
                try:
                    read = _read(row, places)
                    _check_kind(read, found)
                    found.append(read)
                except _BadCell as error:
                    # Reading goes on, so that one run names every bad row.
                    bad.append(f"{file}:{row.line}: {error}")
    except OSError as error:
        raise Misconfigured(f"{file}: cannot read arrivals: {error.strerror or error}") from error
    if bad:
        more = [f"and {len(bad) - SHOWN:,} more bad rows"] if len(bad) > SHOWN else []
        raise Misconfigured("\n".join(bad[:SHOWN] + more))
    if not found:
        raise Misconfigured(f"{file}: holds no arrival")
    return _scaled(found)


def _open(file: str) -> AbstractContextManager[BufferedReader]:
    if file == "-":
        return nullcontext(cast(BufferedReader, sys.stdin.buffer))
    return Path(file).open("rb")


def _places(header: Row | None, file: str) -> dict[str, int]:
    """Returns in which cell of a row each column stands."""
    if header is None:
        raise Misconfigured(f"{file}: is empty; its first line must be {','.join(COLUMNS)}")
    if isinstance(header.cells, Permanent):
        raise Misconfigured(f"{file}:{header.line}: header: {header.cells.detail}")
    names = [cell.strip() for cell in header.cells]
    for name in COLUMNS:
        if names.count(name) != 1:
            what = "is missing" if name not in names else "stands there twice"
            raise Misconfigured(f"{file}:{header.line}: {name}: {what}; the header must be {','.join(COLUMNS)}")
    return {name: names.index(name) for name in COLUMNS}


def _read(row: Row, places: dict[str, int]) -> _Cells:
    """Reads the cells of a row.

    Raises:
        _BadCell: one is bad. The message begins with its column.
    """
    if isinstance(row.cells, Permanent):
        raise _BadCell(f"row: {row.cells.detail}")
    at_ms, dated = _cell(row.cells, places, "at", _time)
    return _Cells(
        at_ms,
        dated,
        _cell(row.cells, places, "urgent", _flag),
        _cell(row.cells, places, "score", lambda cell: _number(cell, 0, 100)),
        _cell(row.cells, places, "handle_s", lambda cell: _number(cell, 0.001, LONGEST_HANDLE_S)),
    )


def _cell(found: list[str], places: dict[str, int], name: str, read: Callable[[str], Value]) -> Value:
    try:
        cell = found[places[name]] if places[name] < len(found) else ""
        if not cell.strip():
            raise _BadCell("is missing")
        return read(cell.strip())
    except _BadCell as error:
        raise _BadCell(f"{name}: {error}") from None


def _time(cell: str) -> tuple[int, bool]:
    """Returns milliseconds since the epoch, and whether the cell has said a date."""
    with suppress(ValueError):
        seconds = float(cell)
        if abs(seconds) < _OLDEST_EPOCH_S:
            return START_MS + round(seconds * 1000), False
    try:
        when = datetime.fromisoformat(str(_TIMES(cell, [])))
    except (Permanent, ValueError):
        raise _BadCell("a time in RFC 3339, or seconds, is needed") from None
    if not EARLIEST <= when < LATEST:
        raise _BadCell(f"the time must be between {EARLIEST.year} and {LATEST.year}")
    return to_ms(when), True


def _check_kind(read: _Cells, before: list[_Cells]) -> None:
    if before and read.dated != before[0].dated:
        kind = "a date" if before[0].dated else "seconds since a moment"
        raise _BadCell(f"at: {kind} is needed, as in the rows before")


def _flag(cell: str) -> bool:
    if cell not in ("0", "1"):
        raise _BadCell("must be 0 or 1")
    return cell == "1"


def _number(cell: str, least: float, most: float) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    # Not a number is in no range.
    if not least <= value <= most:
        raise _BadCell(f"a number from {least:g} to {most:g} is needed")
    return value


def _scaled(found: Iterable[_Cells]) -> Arrivals:
    ordered = sorted(found, key=lambda cells: cells.at_ms)
    scale = 100.0 if max(cells.score for cells in ordered) <= 1 else 1.0
    return Arrivals(
        [
            Arrival(cells.at_ms, cells.urgent, scale * cells.score, round(1000 * cells.handle_s))
            for cells in ordered
        ],
        scale,
    )


def as_csv(arrivals: Iterable[Arrival]) -> Iterable[str]:
    """Yields the lines of a file that holds these arrivals, with probabilities as scores."""
    yield ",".join(COLUMNS)
    for one in arrivals:
        at = from_ms(one.at_ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
        yield f"{at},{one.urgent:d},{one.priority / 100:.6f},{one.handle_ms / 1000:g}"
