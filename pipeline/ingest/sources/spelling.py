"""Reads the text of `--columns` as a map of a source."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from pydantic import ValidationError

from pipeline.errors import Misconfigured
from pipeline.ingest.sources.source_map import Feed, SourceMap, a_target, feed_of

M = TypeVar("M", bound=SourceMap)
_PART = re.compile(r"^\s*(?P<target>[a-z0-9_.]+)\s*(?P<sign>==?)\s*(?P<source>.*?)\s*$", re.DOTALL)


def parse_columns(spec: str) -> SourceMap:
    """Reads a map of posts; see `parse_map`."""
    return parse_map(spec, SourceMap, a_target)


def parse_map(spec: str, kind: type[M], target: Callable[[str], str]) -> M:
    """Reads `field=column,field==constant,field=hash(a, b)`. Blanks around each part do not count.

    Args:
        spec: what the operator has written.
        kind: of map.
        target: returns the name of a field, and raises ValueError where there is none of it.

    Raises:
        Misconfigured: names the part that is wrong.
    """
    columns: dict[str, Feed] = {}
    constants: dict[str, str] = {}
    for part in filter(str.strip, _parts(spec)):
        found = _PART.match(part)
        if found is None or not found["source"]:
            raise Misconfigured(f"--columns: {part.strip()!r} is neither field=column nor field==constant")
        name = found["target"]
        if name in columns or name in constants:
            raise Misconfigured(f"--columns: {name} is named twice")
        try:
            target(name)
        except ValueError as error:
            raise Misconfigured(f"column map: {error}") from None
        if found["sign"] == "==":
            constants[name] = found["source"]
        else:
            columns[name] = _feed(part.strip(), found["source"])
    return kind(columns=columns, constants=constants)


def _feed(part: str, source: str) -> Feed:
    try:
        return feed_of(source)
    except ValidationError:
        raise Misconfigured(f"--columns: {part!r} names no column between its brackets") from None


def _parts(spec: str) -> Iterator[str]:
    """Yields what stands between commas that are in no brackets, as those of `hash(a, b)` are."""
    depth = begin = 0
    for at, sign in enumerate(spec):
        depth += (sign == "(") - (sign == ")" and depth > 0)
        if sign == "," and not depth:
            yield spec[begin:at]
            begin = at + 1
    yield spec[begin:]
