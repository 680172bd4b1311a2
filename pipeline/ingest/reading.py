"""Opens an export: decides what it is from its beginning, and reads its entries one by one.

Only so much is held in memory as the beginning takes, whatever the length of the file.
"""

from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from itertools import chain, dropwhile, islice
from typing import Any, NamedTuple

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.json import entries
from pipeline.ingest.lines import Found, Line, numbered
from pipeline.ingest.look import encoding
from pipeline.ingest.look.container import HEAD_BYTES, DamagedError, Packing, packing, unpacked
from pipeline.ingest.look.decision import Asked, Decision, Json, Table
from pipeline.ingest.look.dialect import table
from pipeline.ingest.look.shape import shape
from pipeline.ingest.table import workbook
from pipeline.ingest.table.rows import rows

SAMPLE_BYTES = 4 * 2**20
"""So much is looked at. It holds a whole answer of a network's interface, and takes well under a second."""
_STEP_BYTES = 65_536
_SHEET_LINES = 400
_TABLE_CHARS = 2**18


class Export(NamedTuple):
    """This is an open export."""

    decision: Decision
    header: bytes
    """Holds the original bytes of the line with the names of a table's columns."""
    found: Iterator[Found]
    """Yields each row or entry, in order."""


def open_export(
    stream: BufferedReader, file: str, asked: Asked, decided: Decision | None = None, *, folded: bool = False
) -> Export:
    """Decides what an export is and begins to read it.

    Args:
        stream: the file. A zip archive or workbook must be able to seek.
        file: its name, for messages.
        asked: what the operator says about it.
        decided: what an earlier run decided. Nothing is decided again then.
        folded: yield the values of JSON as they are, and not the entries that lie at a path in them.

    Raises:
        Misconfigured: it is empty, or it cannot be told what it is; the message says what to do. The rows raise it
            where packed data is damaged.
    """
    packed = decided.packing if decided else packing(stream, stream.peek(HEAD_BYTES), file, asked.member)
    if packed.name == "workbook":
        return _sheet(stream, file, packed, asked, decided)
    beginning = _Beginning(unpacked(stream, packed, file))
    decision = decided or _decision(beginning, packed, asked, file)
    text = beginning.again()
    if decision.encoding != encoding.UTF8 or decision.returns:
        text = BufferedReader(encoding.Utf8(text, decision.encoding, returns=decision.returns))
    if isinstance(decision.form, Table):
        export = _tabular(numbered(text, file), decision, decision.form)
        return export._replace(found=_of_one_encoding(export.found, decision.encoding))
    found = _undamaged(_json(text, decision.form, file, folded=folded), file)
    return Export(decision, b"", _of_one_encoding(found, decision.encoding))


def _of_one_encoding(found: Iterator[Found], name: str) -> Iterator[Found]:
    """Refuses rows of another encoding than the rest, as files have that were put together."""
    if name == encoding.UTF8:
        return found
    other = Permanent("mixed_encodings", f"the row is in UTF-8, and the file was read as {name}")
    return (one._replace(record=other) if encoding.is_utf8_after_all(one.raw, name) else one for one in found)


class _Beginning:
    """Reads the beginning of a stream, and gives all of the stream out again.

    Damage that the beginning reaches is met again at its place.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self.damage: DamagedError | None = None
        self.sample = b""
        self.whole = False

    def look(self) -> None:
        parts: list[bytes] = []
        size = 0
        while size < SAMPLE_BYTES:
            try:
                part = self._stream.read1(_STEP_BYTES)
            except DamagedError as error:
                self.damage = error
                break
            if not part:
                self.whole = True
                break
            parts.append(part)
            size += len(part)
        self.sample = b"".join(parts)

    def again(self) -> BufferedReader:
        return BufferedReader(_Again(self.sample, self._stream, self.damage)) if self.sample else self._stream


class _Again(RawIOBase):
    def __init__(self, sample: bytes, stream: BufferedReader, damage: DamagedError | None) -> None:
        self._sample = memoryview(sample)
        self._stream = stream
        self._damage = damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found: Any = self._sample[: len(buffer)]
        if found:
            self._sample = self._sample[len(found) :]
        elif self._damage is not None:
            raise self._damage
        else:
            found = self._stream.read1(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _decision(beginning: _Beginning, packed: Packing, asked: Asked, file: str) -> Decision:
    beginning.look()
    sample = beginning.sample
    if not sample.strip() and beginning.damage is not None:
        raise Misconfigured(beginning.damage.at(file, 0))
    if not sample.strip():
        raise Misconfigured(f"{file} is empty")
    name = encoding.known(asked.encoding) if asked.encoding else encoding.encoding(sample)
    text = encoding.as_text(sample, name)
    returns = "\r" in text and "\n" not in text
    text = text.replace("\r", "\n") if returns else text
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("<"):
        raise Misconfigured(f"{file} is HTML or XML: export it as CSV, XLSX or JSON")
    form: Json | Table | None = shape(text, asked, whole=beginning.whole)
    if form is None:
        form = table(_lines(text, whole=beginning.whole), asked, file)
    return Decision(packed, name, returns, form)


def _lines(text: str, *, whole: bool) -> list[Line]:
    cut = text[:_TABLE_CHARS]
    raw = cut.encode(errors="surrogateescape").split(b"\n")
    found = [Line(number, line + b"\n") for number, line in enumerate(raw, start=1)]
    if raw[-1] and whole and len(cut) == len(text):
        return found
    return found[:-1] or found  # The last line is empty, or cut off.


def _tabular(lines: Iterator[Line], decision: Decision, form: Table) -> Export:
    header = b""
    if form.header_line:
        below = dropwhile(lambda line: line.number < form.header_line, lines)
        # Names of columns may hold line ends, as cells do.
        header = next((row.raw for row in rows(below, form.dialect)), b"")
    return Export(decision, header, _rows(lines, form))


def _rows(lines: Iterator[Line], form: Table) -> Iterator[Found]:
    names = form.names
    for row in rows(lines, form.dialect, form.width):
        if isinstance(row.cells, Permanent):
            yield Found(row.line, row.raw, row.cells)
        elif any(row.cells[len(names) :]):
            detail = f"{len(row.cells)} cells, the header names {len(names)}"
            yield Found(row.line, row.raw, Permanent("too_many_cells", detail))
        # Files that were put together have their header again.
        elif tuple(map(str.strip, row.cells)) != names:
            yield Found(row.line, row.raw, dict(zip(names, row.cells, strict=False)))


def _json(text: BufferedReader, form: Json, file: str, *, folded: bool) -> Iterator[Found]:
    if form.layout == "array":
        return entries.of_array(text, form.path)
    values = entries.of_lines(numbered(text, file)) if form.layout == "lines" else entries.of_values(text)
    return entries.unfolded(values, form.path) if form.path and not folded else values


def _undamaged(found: Iterator[Found], file: str) -> Iterator[Found]:
    last = 0
    try:
        for one in found:
            last = one.line
            yield one
    except DamagedError as error:
        raise Misconfigured(error.at(file, last)) from None


def _sheet(stream: BufferedReader, file: str, packed: Packing, asked: Asked, decided: Decision | None) -> Export:
    sheet = decided.packing.member if decided else asked.member
    lines = workbook.lines(stream, file, sheet)
    sample: list[Line] = []
    if decided is None:
        sample = list(islice(lines, _SHEET_LINES))
        form = table(
            sample, Asked(delimiter=",", quoting="double", header=asked.header, columns=asked.columns), file
        )
        decided = Decision(Packing(packed.name, sheet), encoding.UTF8, returns=False, form=form)
    assert isinstance(decided.form, Table)
    return _tabular(chain(sample, lines), decided, decided.form)
