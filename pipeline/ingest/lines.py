"""Bytes to numbered lines, gzip or not, and what a parser makes of one line.

In: a binary stream. Out: `Line`s, then `Candidate`s. Never here: what the bytes mean, Kafka.
"""

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from itertools import chain
from typing import NamedTuple, Protocol

from pipeline.errors import Misconfigured, Permanent

GZIP_MAGIC = b"\x1f\x8b"
"""First two bytes of every gzip member (RFC 1952, 2.3.1)."""
BOM = b"\xef\xbb\xbf"
"""UTF-8 byte order mark that spreadsheet programs put in front."""
LONGEST_LINE_BYTES = 16 * 2**20
"""What is kept of one line: a file without line ends must not fill the memory."""


class ByteLines(Protocol):
    """What lines are read from: a file, a pipe, a gzip stream."""

    def readline(self, limit: int, /) -> bytes:
        """The next line with its end, at most `limit` bytes of it; empty at the end."""
        ...


class Line(NamedTuple):
    """One line with its original bytes, line end included, cut at `LONGEST_LINE_BYTES`."""

    number: int
    """1 for the first line of the file."""
    raw: bytes


class Candidate(NamedTuple):
    """What one line (or row of several lines) claims to be: a RawPost as JSON, or why it cannot be one."""

    line: int
    raw: bytes
    found: bytes | Permanent


def unpacked(stream: BufferedReader) -> ByteLines:
    """The stream itself, or its contents if they are gzip: decided by the bytes, never by a name."""
    if stream.peek(2)[:2] == GZIP_MAGIC:
        return gzip.GzipFile(fileobj=stream, mode="rb")
    return stream


def numbered(stream: ByteLines, name: str) -> Iterator[Line]:
    """Every line of an unpacked stream.

    Raises:
        Misconfigured: the gzip data is damaged or ends early; all lines before that place have been given out.
    """
    number = 0
    while True:
        try:
            raw = stream.readline(LONGEST_LINE_BYTES)
            rest = raw
            while len(rest) == LONGEST_LINE_BYTES and not rest.endswith(b"\n"):
                rest = stream.readline(LONGEST_LINE_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Misconfigured(f"{name}: the gzip data is damaged after line {number}: {error}") from None
        if not raw:
            return
        number += 1
        yield Line(number, raw.removeprefix(BOM) if number == 1 else raw)


def not_empty(lines: Iterator[Line], name: str) -> Iterator[Line]:
    """The same lines.

    Raises:
        Misconfigured: there is not a single one; at the call, before anything is sent.
    """
    first = next(lines, None)
    if first is None:
        raise Misconfigured(f"{name} is empty")
    return chain((first,), lines)
