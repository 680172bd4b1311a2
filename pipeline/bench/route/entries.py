"""Keeps a changelog in a file: each entry is the lengths of key and value, then both."""

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

Entry = tuple[bytes, bytes | None]
"""Key of an entity and its value, which is None where the entity ended."""
_LENGTHS = struct.Struct("<Ii")
_ENDED = -1


def write_entries(file: BinaryIO, entries: Iterable[Entry]) -> None:
    """Appends entries."""
    for key, value in entries:
        file.write(_LENGTHS.pack(len(key), _ENDED if value is None else len(value)))
        file.write(key + (value or b""))


def read_entries(file: BinaryIO, end: int) -> Iterator[Entry]:
    """Yields the entries that lie before the byte `end`."""
    while file.tell() < end:
        key_length, value_length = _LENGTHS.unpack(file.read(_LENGTHS.size))
        key = file.read(key_length)
        yield key, None if value_length == _ENDED else file.read(value_length)
