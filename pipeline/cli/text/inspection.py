"""Words an inspection of an export for a person."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from pipeline.app.importing.inspection import Inspection


def inspection_lines(found: "Inspection", command: str) -> Iterator[str]:
    """Yields what was decided, the map, the first posts, what would be refused and what to answer.

    Args:
        found: what the look at the file gave.
        command: sends the file as it was looked at.
    """
    yield from found.decided
    if found.source_map:
        yield "\nmap:"
        yield from (f"  {line}" for line in _map_lines(found.source_map))
    for number, post in enumerate(found.posts, 1):
        yield f"\npost {number}:"
        yield from (f"  {line}" for line in orjson.dumps(post, option=orjson.OPT_INDENT_2).decode().splitlines())
    if found.refused:
        yield "\nrefused:"
        yield from (f"  {line}" for line in found.refused)
    if found.left_out:
        yield "\nleft out of the first posts, or read otherwise than it stands:"
        yield from (f"  {line}" for line in found.left_out)
    if found.questions:
        yield "\nto answer:"
        yield from (f"  {line}" for line in found.questions)
    yield f"\nto send it: {command}"


def _map_lines(source_map: dict[str, Any]) -> Iterator[str]:
    for target, feed in source_map.get("columns", {}).items():
        of = ", ".join(feed["of"])
        how = feed.get("how", "first")
        yield f"{target} = {of}" if how == "first" and len(feed["of"]) == 1 else f"{target} = {how}({of})"
    for target, value in source_map.get("constants", {}).items():
        yield f"{target} == {value}"
    for name in ("times", "zone", "order", "decimal"):
        if name in source_map:
            yield f"{name}: {source_map[name]}"
