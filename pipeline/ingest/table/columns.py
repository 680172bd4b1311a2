"""Turns the rows of any history export into candidates, by a column map.

Lines of a CSV file become one candidate for each row, with the RawPost as JSON. The contract checks the post
itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import orjson

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Candidate, Line
from pipeline.ingest.table import cells
from pipeline.ingest.table.mapping import (
    BOOLEAN_TARGETS,
    ID_TARGETS,
    NUMBER_TARGETS,
    TEXT_TARGETS,
    TIME_TARGETS,
    ColumnMap,
)
from pipeline.ingest.table.rows import Row, rows
from schemas.topics import RAW


class Table(NamedTuple):
    """This is a CSV file whose header fits the map."""

    header: bytes
    """Holds the original bytes of the header row."""
    candidates: Iterator[Candidate]
    """Yields one candidate for each row, in order."""


def open_table(lines: Iterable[Line], columns: ColumnMap, file: str) -> Table:
    """Reads the header and checks it against the map. The rows are read on demand.

    Args:
        lines: the file's lines; the first row is the header.
        columns: a complete map (`ColumnMap.with_defaults`).
        file: the file's name, for messages.

    Raises:
        Misconfigured: the header cannot be read or lacks a mapped column.
    """
    table = rows(lines, columns.delimiter)
    header = next(table, None)
    if header is None:
        raise Misconfigured(f"{file} is empty")
    if isinstance(header.cells, Permanent):
        raise Misconfigured(f"{file}:{header.line}: the header cannot be read: {header.cells}")
    names = [name.strip() for name in header.cells]
    columns.check_header(names, file)
    readers = _Readers(columns, names)
    return Table(header.raw, (Candidate(row.line, row.raw, readers.document(row)) for row in table))


class _Readers:
    """Holds the cell reader of each mapped field, for one header."""

    def __init__(self, columns: ColumnMap, names: Sequence[str]) -> None:
        self._width = len(names)
        self._places = {target: names.index(column) for target, column in columns.columns.items()}
        self._constants = dict(columns.constants)
        self._times = tuple(columns.times)

    def document(self, row: Row) -> bytes | Permanent:
        """Returns the row as the JSON of a RawPost, or why it has none."""
        if isinstance(row.cells, Permanent):
            return row.cells
        if len(row.raw) > RAW.max_message_bytes:
            return Permanent("too_large", f"the row has {len(row.raw)} bytes, {RAW.max_message_bytes} are allowed")
        # Surplus cells mostly come from a delimiter that nobody quoted, and then any column may be wrong.
        if len(row.cells) > self._width:
            return Permanent("too_many_cells", f"{len(row.cells)} cells, the header has {self._width}")
        try:
            return orjson.dumps(self._nested(row.cells))
        except Permanent as error:
            return error

    def _nested(self, found: Sequence[str]) -> dict[str, object]:
        texts = dict(self._constants)
        # A row may end early, because spreadsheets drop trailing empty cells.
        texts.update((target, found[at]) for target, at in self._places.items() if at < len(found))
        platform = cells.word(texts.get("platform", ""))
        if not isinstance(platform, str):
            raise Permanent("invalid_field", "the cell is empty", "platform")
        document: dict[str, object] = {}
        for target, text in texts.items():
            value = _read(self._reader(target, platform), text, target)
            if value is not None:
                _put(document, target, value)
        return document

    def _reader(self, target: str, platform: str) -> cells.Cell:
        if target in ID_TARGETS:
            return partial(cells.native_id, platform)
        if target in TIME_TARGETS:
            return partial(cells.time, self._times)
        if target in NUMBER_TARGETS:
            return cells.number
        if target in BOOLEAN_TARGETS:
            return cells.boolean
        return cells.text if target in TEXT_TARGETS else cells.word


def _read(reader: Callable[[str], object], text: str, target: str) -> object:
    try:
        return reader(text)
    except Permanent as error:
        raise Permanent(error.code, error.detail, target) from None


def _put(document: dict[str, object], target: str, value: object) -> None:
    parent, _, leaf = target.rpartition(".")
    if not parent:
        document[leaf] = value
        return
    part = document.setdefault(parent, {})
    assert isinstance(part, dict)
    part[leaf] = value
