"""Writes rejected rows in the format of the file that they come from, with the reason in front, so that they can
be mended in place and ingested again.

A row's bytes go in and the entry of the rejects file comes out. What is in the row is not known here.
"""

import csv
import io
import re
from typing import NamedTuple, Protocol

import orjson

REASON_COLUMNS = ("earshot_reason", "earshot_column", "earshot_line")
"""A table gets these three columns in front. There a broken row, whose cells have shifted, cannot hide them."""
REASON_KEY = "earshot_reject"
"""An entry of JSON gets this key. The contract passes over keys that it does not know."""


class Why(NamedTuple):
    """Says what is wrong with a row."""

    line: int
    """This is the row's line in the file."""
    reason: str
    column: str
    """This is empty where the reason concerns no single column."""


class Form(Protocol):
    """Makes the entries of a rejects file."""

    begin: bytes
    """These bytes stand before the first entry."""

    def entry(self, raw: bytes, why: Why) -> bytes:
        """Returns the row with the reason."""
        ...


class TableForm:
    """Keeps rows of a table. Their own bytes stand behind the three columns untouched.

    Args:
        header: bytes of the header row.
        delimiter: of the table.
        encoding: of the bytes.
    """

    def __init__(self, header: bytes, delimiter: str, encoding: str = "utf-8") -> None:
        self._delimiter = delimiter
        self._encoding = encoding
        # Rows of a rejects file that are rejected again have a reason in front already, which is replaced.
        self._earlier = _cells_in_front(delimiter, encoding) if _has_reasons(header, encoding) else None
        self.begin = self._joined(REASON_COLUMNS, header)

    def entry(self, raw: bytes, why: Why) -> bytes:
        """See `Form.entry`."""
        return self._joined((why.reason, why.column, str(why.line)), raw)

    def _joined(self, cells: tuple[str, ...], raw: bytes) -> bytes:
        if self._earlier is not None:
            raw = self._earlier.sub(b"", raw, count=1)
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter, lineterminator=self._delimiter).writerow(cells)
        return text.getvalue().encode(self._encoding, "backslashreplace") + raw


class JsonForm:
    """Keeps entries of JSON, one a line. A text that is no object has no place for a key, and is wrapped."""

    begin = b""

    def entry(self, raw: bytes, why: Why) -> bytes:
        """See `Form.entry`."""
        said = orjson.dumps(why._asdict())
        line = raw.strip()
        if b"\n" in line or REASON_KEY.encode() in line:
            line = _on_one_line(line)
        if not line.startswith(b"{"):
            text = line.decode(errors="backslashreplace")
            return orjson.dumps({REASON_KEY: why._asdict() | {"text": text}})
        rest = line[1:].lstrip()
        comma = b"" if rest.startswith(b"}") else b","
        return b'{"' + REASON_KEY.encode() + b'":' + said + comma + rest


def _on_one_line(entry: bytes) -> bytes:
    try:
        document = orjson.loads(entry)
    except orjson.JSONDecodeError:
        # Between the parts of JSON a space is worth as much as a line end, and within a text neither may stand.
        return entry.replace(b"\r", b" ").replace(b"\n", b" ")
    if isinstance(document, dict):
        document.pop(REASON_KEY, None)
    return orjson.dumps(document)


def _has_reasons(header: bytes, encoding: str) -> bool:
    text = header.decode(encoding, "replace").lstrip("\ufeff").lstrip('"')
    return text.startswith(REASON_COLUMNS[0])


def _cells_in_front(delimiter: str, encoding: str) -> re.Pattern[bytes]:
    quote, end = (re.escape(sign.encode(encoding)) for sign in ('"', delimiter))
    # Neither kind of cell gives a sign back once it has taken it, so the cost grows with the length only.
    quoted = rb"%b(?:[^%b]|%b%b)*+%b" % (quote, quote, quote, quote, quote)
    plain = rb"[^%b%b\n]*+" % (quote, end)
    return re.compile(rb"\A(?:(?:%b|%b)%b){%d}" % (quoted, plain, end, len(REASON_COLUMNS)))
