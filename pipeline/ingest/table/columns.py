"""Turns the rows of any history export into candidates, by the map of its source.

Lines of a CSV file become one candidate for each row, with the RawPost as JSON. The contract checks the post
itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Candidate, Line
from pipeline.ingest.look.decision import Dialect, Quoting
from pipeline.ingest.look.dialect import distinct
from pipeline.ingest.sources.mapper import Mapper
from pipeline.ingest.sources.source_map import SourceMap
from pipeline.ingest.table.rows import Row, rows
from schemas.topics import RAW

_OTHER_DELIMITERS = {";": "';'", "\t": "$'\\t'", "|": "'|'"}
"""Signs that other exports put between columns, each as a shell takes it."""


class Table(NamedTuple):
    """This is a CSV file whose header fits the map."""

    header: bytes
    """Holds the original bytes of the header row."""
    candidates: Iterator[Candidate]
    """Yields one candidate for each row, in order."""
    columns: Mapping[str, str]
    """Maps each field to the columns that feed it, in words."""


def open_table(lines: Iterable[Line], source_map: SourceMap, file: str, done_to: int = 0) -> Table:
    """Reads the header and checks it against the map. The rows are read on demand.

    Args:
        lines: the file's lines; the first row is the header.
        source_map: a complete map (`SourceMap.with_defaults`).
        file: the file's name, for messages.
        done_to: nothing is made of the rows up to this line.

    Raises:
        Misconfigured: the header cannot be read or lacks a mapped column.
    """
    quoting: Quoting = "backslash" if source_map.escape else "double"
    table = rows(lines, Dialect(source_map.delimiter or ",", quoting))
    header = next(table, None)
    if header is None:
        raise Misconfigured(f"{file} is empty")
    if isinstance(header.cells, Permanent):
        raise Misconfigured(f"{file}:{header.line}: the header cannot be read: {header.cells}")
    names = distinct(header.cells)
    try:
        mapper = Mapper(source_map, names)
    except Misconfigured as error:
        # A header that was not parted at all means another delimiter.
        other = next((sign for sign in _OTHER_DELIMITERS if len(names) == 1 and sign in names[0]), None)
        remedy = "" if other is None else f"; try --delimiter {_OTHER_DELIMITERS[other]}"
        raise Misconfigured(f"{file}: {error}{remedy}") from None
    candidates = (
        Candidate(row.line, b"", b"") if row.line <= done_to else _candidate(row, mapper, names) for row in table
    )
    return Table(header.raw, candidates, mapper.columns)


def _candidate(row: Row, mapper: Mapper, names: Sequence[str]) -> Candidate:
    record = _record(row, names)
    if isinstance(record, Permanent):
        return Candidate(row.line, row.raw, record)
    try:
        mapped = mapper.post(record)
    except Permanent as error:
        return Candidate(row.line, row.raw, error)
    return Candidate(row.line, row.raw, orjson.dumps(mapped.document), mapped.left_out)


def _record(row: Row, names: Sequence[str]) -> Mapping[str, str] | Permanent:
    if isinstance(row.cells, Permanent):
        return row.cells
    if len(row.raw) > RAW.max_message_bytes:
        return Permanent("too_large", f"the row has {len(row.raw)} bytes, {RAW.max_message_bytes} are allowed")
    # Surplus cells mostly come from a delimiter that nobody quoted, and then any column may be wrong.
    if len(row.cells) > len(names):
        return Permanent("too_many_cells", f"{len(row.cells)} cells, the header has {len(names)}")
    # A row may end early, because spreadsheets drop trailing empty cells.
    return dict(zip(names, row.cells, strict=False))
