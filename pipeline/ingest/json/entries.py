"""Yields the entries of a JSON export, in each layout. A broken entry costs only itself."""

import json
import re
from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import Any

import orjson

from pipeline.errors import Permanent
from pipeline.ingest.json.scroll import Broken, Piece, Scroll, entry
from pipeline.ingest.lines import Found, Line
from pipeline.ingest.look.shape import WRAPPER

_NEXT_LINE = re.compile(r"\n(?=[{\[])")
_NEXT_ENTRY = re.compile(r"[,\n]\s*(?=\{)")
_LONGEST_INDENT = 64
_LAST_INDENT = re.compile(r"\n([ \t]*)\Z")


def of_lines(lines: Iterable[Line]) -> Iterator[Found]:
    """Yields the value of each line. Blank lines are passed over."""
    for line in lines:
        if not line.raw.strip():
            continue
        try:
            value = orjson.loads(line.raw)
        except orjson.JSONDecodeError:
            # The stricter and faster reader takes no NaN and no half of an emoji.
            value = _patiently(line.raw)
        if isinstance(value, Permanent):
            yield Found(line.number, line.raw, value)
        else:
            yield Found(line.number, line.raw, entry(Piece(line.number, line.raw, value)))


def _patiently(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        return Permanent("invalid_utf8", f"byte {error.start + 1} of {len(raw)} is no text in this encoding")
    except json.JSONDecodeError as error:
        return Permanent("invalid_json", f"{error.msg} at character {error.pos}")
    except RecursionError:
        return Permanent("invalid_json", "the value nests too deep")


def unfolded(found: Iterable[Found], path: tuple[str, ...]) -> Iterator[Found]:
    """Yields the entries that lie at a path in each value."""
    for one in found:
        inner: Any = one.record
        for key in path:
            inner = inner.get(key) if isinstance(inner, dict) else inner
        if isinstance(inner, list):
            for each in inner:
                raw = json.dumps(each).encode()
                yield Found(one.line, raw, entry(Piece(one.line, raw, each)))
        elif isinstance(inner, dict | Permanent):
            yield Found(one.line, one.raw, inner)
        else:
            yield Found(one.line, one.raw, Permanent("invalid_json", f"nothing stands at {'.'.join(path)}"))


def of_values(stream: BufferedReader) -> Iterator[Found]:
    """Yields values that follow each other and may span lines."""
    scroll = Scroll(stream)
    _unwrap(scroll)
    while scroll.sign():
        try:
            piece = scroll.value()
        except Broken as error:
            piece = scroll.skip_to(_NEXT_LINE)
            yield Found(piece.line, piece.raw, Permanent("invalid_json", str(error)))
        else:
            yield Found(piece.line, piece.raw, entry(piece))


def of_array(stream: BufferedReader, path: tuple[str, ...]) -> Iterator[Found]:
    """Yields the elements of a long array, which may lie within an object. They are read one by one."""
    scroll = Scroll(stream)
    _unwrap(scroll)
    broken = _enter(scroll, path)
    if broken is not None:
        yield broken
        return
    last: tuple[str, Piece] | None = None
    while (sign := scroll.sign()) not in {"]", ""}:
        if sign == ",":
            scroll.go(scroll.at + 1)
            continue
        before = scroll.text[max(0, scroll.at - _LONGEST_INDENT) : scroll.at]
        try:
            piece = scroll.value()
        except Broken as error:
            piece = _given_up(scroll, last)
            yield Found(piece.line, piece.raw, Permanent("invalid_json", str(error)))
        else:
            last = (before, piece)
            yield Found(piece.line, piece.raw, entry(piece))
    yield from _after(scroll, sign, path)


def _given_up(scroll: Scroll, last: tuple[str, Piece] | None) -> Piece:
    """Passes over a broken entry to the next one, and returns it.

    The next entry stands as far from the margin as the last good one did. Where entries have no lines of their
    own, it has most keys of that one, because the parts of a broken entry are objects too.
    """
    indent = None if last is None else _LAST_INDENT.search(last[0])
    if indent is not None:
        return scroll.skip_to(re.compile(rf"\n{indent[1]}(?=\{{)"))
    line, raw = scroll.line, b""
    while True:
        raw += scroll.skip_to(_NEXT_ENTRY).raw
        if not scroll.sign():
            break
        try:
            piece = scroll.value()
        except Broken:
            continue
        scroll.back(piece)
        if last is None or _alike(piece.value, last[1].value):
            break
    return Piece(line, raw, None)


def _alike(one: Any, other: Any) -> bool:
    if not isinstance(other, dict):
        return True
    return 2 * len(one.keys() & other.keys()) > len(one.keys() | other.keys())


def _unwrap(scroll: Scroll) -> None:
    scroll.more()
    wrapper = WRAPPER.match(scroll.text)
    scroll.go(wrapper.end() if wrapper else 0)


def _enter(scroll: Scroll, path: tuple[str, ...]) -> Found | None:
    """Moves into the array at a path, and returns what is wrong if it is not there."""
    line = scroll.line
    for key in path:
        try:
            while scroll.sign() in {"{", ","}:
                scroll.go(scroll.at + 1)
                scroll.sign()
                name = scroll.value().value
                if scroll.sign() != ":":
                    raise Broken("a colon is needed")
                scroll.go(scroll.at + 1)
                if name == key:
                    break
                scroll.sign()
                scroll.value()
            else:
                raise Broken(f"nothing stands at {'.'.join(path)}")
        except Broken as error:
            return Found(line, b"", Permanent("invalid_json", str(error)))
    if scroll.sign() != "[":
        return Found(
            line, b"", Permanent("invalid_json", f"no array stands at {'.'.join(path) or 'the beginning'}")
        )
    scroll.go(scroll.at + 1)
    return None


def _after(scroll: Scroll, sign: str, path: tuple[str, ...]) -> Iterator[Found]:
    if not sign:
        yield Found(scroll.line, b"", Permanent("invalid_json", "the text ends within the array"))
    elif not path:
        scroll.go(scroll.at + 1)
        if scroll.sign() not in {"", ";"}:
            piece = scroll.skip_to(re.compile(r"\Z.", re.DOTALL))
            yield Found(piece.line, piece.raw, Permanent("invalid_json", "text follows the end of the array"))
