"""Turns bytes into numbered lines, and defines what a parser makes of one line.

A binary stream becomes `Line`s and these become `Candidate`s. What the bytes mean is not known here.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple, Protocol

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.look.container import DamagedError

BOM = b"\xef\xbb\xbf"
"""Spreadsheet programs put this UTF-8 byte order mark in front."""
LONGEST_LINE_BYTES = 16 * 2**20
"""At most so much is kept of one line, because a file without line ends must not fill the memory."""


def shown(file: str) -> str:
    """Returns the name of a file as text that a record can hold. Bytes of it that are no UTF-8 become escapes."""
    return file.encode(errors="backslashreplace").decode()


class ByteLines(Protocol):
    """This is whatever lines are read from: a file, a pipe, or what a packed file holds."""

    def readline(self, limit: int, /) -> bytes:
        """Returns the next line with its end, at most `limit` bytes of it. The result is empty at the end."""
        ...


class Line(NamedTuple):
    """Holds one line with its original bytes, line end included, cut at `LONGEST_LINE_BYTES`."""

    number: int
    """This is 1 for the first line of the file."""
    raw: bytes


class Found(NamedTuple):
    """Holds one row of a table or one entry of a JSON file, as it was found."""

    line: int
    """This is the line where it begins."""
    raw: bytes
    record: Mapping[str, object] | Permanent
    """Holds the cells by their columns, or the members of the entry, or the reason why it cannot be read."""


class LeftOut(NamedTuple):
    """Names an odd optional cell of a post that goes without it."""

    field: str
    """This is the dotted path of the field in RawPost."""
    column: str
    """This is the column, or the path in a JSON entry, where the cell stands."""
    code: str
    """This is the reason in snake_case, such as `not_a_number`."""


class Candidate(NamedTuple):
    """Holds what one line (or a row of several lines) claims to be.

    `found` is a RawPost as JSON, or the reason why it cannot be one.
    """

    line: int
    raw: bytes
    found: bytes | Permanent
    left_out: tuple[LeftOut, ...] = ()
    """Names the optional cells that the post goes without."""


def numbered(stream: ByteLines, name: str) -> Iterator[Line]:
    """Yields every line of an unpacked stream.

    Raises:
        Misconfigured: the gzip data is damaged or ends early. All lines before that place have been given out.
    """
    number = 0
    while True:
        try:
            raw = stream.readline(LONGEST_LINE_BYTES)
            # Only the first part of an endless line is kept. The rest is read and dropped, or it would count as
            # lines.
            rest = raw
            while len(rest) == LONGEST_LINE_BYTES and not rest.endswith(b"\n"):
                rest = stream.readline(LONGEST_LINE_BYTES)
        except DamagedError as error:
            raise Misconfigured(error.at(name, number)) from None
        if not raw:
            return
        number += 1
        # A byte order mark would become part of the first column's name or break the first JSON object.
        yield Line(number, raw.removeprefix(BOM) if number == 1 else raw)


def not_empty(lines: Iterator[Line], name: str) -> Iterator[Line]:
    """Returns the same lines.

    Raises:
        Misconfigured: there is not a single one. It is raised at the call, before anything is sent.
    """
    first = next(lines, None)
    if first is None:
        raise Misconfigured(f"{name} is empty")
    return chain((first,), lines)
