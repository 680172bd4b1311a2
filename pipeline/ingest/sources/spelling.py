"""Reads the text of `--columns` as a map of a source."""

import re
from collections.abc import Iterator

from pydantic import ValidationError

from pipeline.errors import Misconfigured
from pipeline.ingest.sources.source_map import TARGETS, Feed, SourceMap, feed_of

_PART = re.compile(r"^\s*(?P<target>[a-z_.]+)\s*(?P<sign>==?)\s*(?P<source>.*?)\s*$", re.DOTALL)


def parse_columns(spec: str) -> SourceMap:
    """Reads `field=column,field==constant,field=hash(a, b)`. Blanks around each part do not count.

    Raises:
        Misconfigured: names the part that is wrong.
    """
    columns: dict[str, Feed] = {}
    constants: dict[str, str] = {}
    for part in filter(str.strip, _parts(spec)):
        found = _PART.match(part)
        if found is None or not found["source"]:
            raise Misconfigured(f"--columns: {part.strip()!r} is neither field=column nor field==constant")
        target = found["target"]
        if target in columns or target in constants:
            raise Misconfigured(f"--columns: {target} is named twice")
        if target not in TARGETS:
            raise Misconfigured(
                f"column map: RawPost has no field {target}; there are {', '.join(sorted(TARGETS))}"
            )
        if found["sign"] == "==":
            constants[target] = found["source"]
        else:
            columns[target] = _feed(part.strip(), found["source"])
    return SourceMap(columns=columns, constants=constants)


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
