"""Reads JSON values one after the other from a text of any length, and knows in which line each begins.

ijson, which looks for the list of posts in the beginning of a text, ends at the first broken value and tells
neither its bytes nor its line. Here a broken value is passed over, and the standard library's decoder reads all
others.
"""

import codecs
import json
import re
from io import BufferedReader
from typing import Any, NamedTuple

from pipeline.errors import Permanent
from pipeline.ingest.lines import LONGEST_LINE_BYTES

_CHUNK_BYTES = 2**20
_BLANK = re.compile(r"[\s\ufeff]*")
_DOUBT_CHARS = 16
"""An error so close to the end of what was read may only mean that a value is cut off there."""
_KEY = re.compile(rb'(?<!\\)"\s*:')
"""Ends a key. A quote within a text has a backslash before it."""
_LONGEST_KEY = 60
_DEEPEST = 200
"""Writers of JSON stop at 254 levels (orjson), and Python at some hundred more."""
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)
"""Reads NaN and Infinity, which pandas writes, as absent."""


class Piece(NamedTuple):
    """Holds one value as it was written."""

    line: int
    raw: bytes
    value: Any


class Broken(Exception):
    """The text holds no value at this place."""


class Scroll:
    """Is a place in a text.

    Args:
        stream: the text, in UTF-8.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.text = ""
        self.at = 0
        self.line = 1
        self.ended = False

    def more(self) -> bool:
        """Reads on, and forgets what lies before the place. Returns whether there was more."""
        found = b"" if self.ended else self._stream.read1(_CHUNK_BYTES)
        self.ended = not found
        self.text = self.text[self.at :] + self._decoder.decode(found, final=self.ended)
        self.at = 0
        return not self.ended

    def go(self, to: int) -> None:
        """Moves the place on."""
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def sign(self) -> str:
        """Passes over blanks and returns the sign at the place, or nothing at the end."""
        while True:
            blank = _BLANK.match(self.text, self.at)
            self.go(blank.end() if blank else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def value(self) -> Piece:
        """Reads the value at the place and moves behind it.

        Raises:
            Broken: there is none, or one of more than 16 MiB. The place stays.
        """
        while True:
            try:
                found, end = _DECODER.raw_decode(self.text, self.at)
            except RecursionError:
                raise Broken("the value nests too deep") from None
            except json.JSONDecodeError as error:
                known = error.pos < len(self.text) - _DOUBT_CHARS and not error.msg.startswith("Unterminated")
                if known or len(self.text) - self.at > LONGEST_LINE_BYTES or not self.more():
                    raise Broken(f"{error.msg} at character {error.pos - self.at}") from None
                continue
            if end == len(self.text) and not self.ended:
                self.more()
                continue
            piece = Piece(self.line, self.text[self.at : end].encode(errors="surrogateescape"), found)
            self.go(end)
            return piece

    def back(self, piece: Piece) -> None:
        """Moves the place back to the beginning of the value that was read last."""
        self.at -= len(piece.raw.decode(errors="surrogateescape"))
        self.line = piece.line

    def skip_to(self, pattern: re.Pattern[str]) -> Piece:
        """Gives up the text up to the next match of a pattern, or to the end, and returns it."""
        line, begin = self.line, self.at
        while (found := pattern.search(self.text, begin + 1)) is None:
            if len(self.text) - self.at > LONGEST_LINE_BYTES:
                self.go(len(self.text) - _CHUNK_BYTES)
            if not self.more():
                break
            begin = self.at
        to = len(self.text) if found is None else found.end()
        raw = self.text[self.at : to].encode(errors="surrogateescape")
        self.go(to)
        return Piece(line, raw, None)


def entry(piece: Piece) -> dict[str, Any] | Permanent:
    """Returns the value as an entry, or why it is none."""
    if not isinstance(piece.value, dict):
        return Permanent("invalid_json", "the entry is no object")
    if _is_too_deep(piece):
        return Permanent("invalid_json", "the value nests too deep")
    if (twice := _key_that_stands_twice(piece)) is not None:
        return Permanent("duplicate_key", f"the key {twice[:_LONGEST_KEY]!r} stands twice in one object")
    try:
        if not piece.raw.isascii():
            piece.raw.decode()
    except UnicodeDecodeError as error:
        return Permanent("invalid_utf8", f"byte {error.start + 1} of the entry is no text in this encoding")
    return piece.value


def _key_that_stands_twice(piece: Piece) -> str | None:
    # A reader keeps the last one and tells nobody. Keys are counted first, because a look at each costs much more.
    if len(_KEY.findall(piece.raw)) <= _keys(piece.value):
        return None
    found: list[str] = []

    def checked(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.append(next(name for at, name in enumerate(names) if name in names[:at]))

    json.loads(piece.raw.decode(errors="replace"), object_pairs_hook=checked)
    return found[0] if found else None


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys(inner) for inner in value.values() if isinstance(inner, dict | list))
    return sum(_keys(inner) for inner in value if isinstance(inner, dict | list))


def _is_too_deep(piece: Piece) -> bool:
    if piece.raw.count(b"[") + piece.raw.count(b"{") <= _DEEPEST:
        return False
    level: list[Any] = [piece.value]
    for _ in range(_DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level)
        level = [each for some in inner for each in some if isinstance(each, dict | list)]
    return bool(level)
