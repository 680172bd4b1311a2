"""Reads labelled posts to judge a model with, from JSON lines.

Each line is an object with `text`, `label` and perhaps `source`. The file may be gzip, by its suffix. A bad line
is never passed over in silence.
"""

import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple

from pipeline.errors import Misconfigured
from pipeline.evaluation.heads import Head

SHOWN = 20
"""So many bad lines are named one by one, and the rest is counted."""
LONGEST_SOURCE = 200


class LabelledPost(NamedTuple):
    """Holds a text as it was written, the number of its true class, and where it is from."""

    text: str
    label: int
    source: str | None


class _BadLine(Exception):
    """Names a field and what is wrong with it."""


def read_labelled(file: str, head: Head) -> list[LabelledPost]:
    """Returns all posts of a file, in order. Blank lines are passed over.

    Args:
        file: a path, or - for standard input.
        head: the head that the labels belong to.

    Raises:
        Misconfigured: the file cannot be read or holds no post, or lines are bad. Up to `SHOWN` bad lines are
            named as file:line: field.
    """
    posts: list[LabelledPost] = []
    bad: list[str] = []
    try:
        with _open(file) as lines:
            for line, raw in _numbered_lines(lines):
                try:
                    posts.append(_parse(raw, head))
                except _BadLine as error:
                    # Reading goes on, so that one run names every bad line and nobody mends a file line by line.
                    bad.append(f"{file}:{line}: {error}")
    # EOFError means a gzip file that was cut off, and zlib's own error one that is damaged in the middle.
    except (OSError, EOFError, zlib.error) as error:
        raise Misconfigured(f"{file}: cannot read labelled posts: {_reason(error)}") from error
    if bad:
        more = [f"and {len(bad) - SHOWN:,} more bad lines"] if len(bad) > SHOWN else []
        raise Misconfigured("\n".join(bad[:SHOWN] + more))
    if not posts:
        raise Misconfigured(f"{file}: holds no labelled post")
    return posts


def _open(file: str) -> AbstractContextManager[IO[bytes]]:
    if file == "-":
        return nullcontext(sys.stdin.buffer)
    return gzip.open(file, "rb") if file.endswith(".gz") else Path(file).open("rb")  # type: ignore[return-value]


def _numbered_lines(lines: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(lines, start=1):
        # Some editors of Windows write a byte order mark, which is no JSON.
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line.strip():
            yield number, line


def _parse(raw: bytes, head: Head) -> LabelledPost:
    try:
        record = json.loads(raw)
    except UnicodeDecodeError as error:
        raise _BadLine(f"line: is not UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"line: is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise _BadLine(f"line: expected an object, got {_json_type(record)}")
    text, label, source = record.get("text"), record.get("label"), record.get("source")
    if not isinstance(text, str):
        raise _BadLine(f"text: {_absent_or(record, 'text', 'a text')}")
    if not _encodable(text):
        raise _BadLine("text: holds half a character")
    number = head.number(label)
    if number is None:
        raise _BadLine(f"label: {_absent_or(record, 'label', head.expected)}")
    if source is not None and not (
        isinstance(source, str) and len(source) <= LONGEST_SOURCE and _encodable(source)
    ):
        raise _BadLine(f"source: expected a text of at most {LONGEST_SOURCE} characters")
    return LabelledPost(text, number, source or None)


def _encodable(text: str) -> bool:
    """Says whether the text can be written. JSON can escape half a character."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _absent_or(record: dict[str, object], field: str, expected: str) -> str:
    if field not in record:
        return f"is missing; expected {expected}"
    value = record[field]
    # A label that is a whole post by mistake is not repeated, because posts are personal data.
    shown = repr(value) if isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 30) else ""
    return f"expected {expected}, got {shown or _json_type(value)}"


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _reason(error: OSError | EOFError | zlib.error) -> str:
    return getattr(error, "strerror", None) or str(error)
