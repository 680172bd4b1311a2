"""Finds values in the entries of a JSON file by paths such as `user.id_str`, and in the parts around an entry.

A path is names parted by dots. `0` takes the first of a list, `[type=x]` the element of a list whose `type` is the
word x, `[id=@author_id]` the one whose `id` equals what stands at `author_id` in the entry itself. Each `^` in
front leads to the entry's surroundings: `^includes.users` lies beside the list that the entry is in.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pipeline.errors import Misconfigured

Getter = Callable[["Entry"], object]

_STEP = re.compile(
    r"(?P<name>[^.\[\]\^@=\s][^.\[\]]*)|\[(?P<key>[^\]=]+)=(?P<ours>@?)(?P<value>[^\]]*)\]|(?P<dot>\.)"
)
ITSELF = "."
"""Path of the entry itself."""


class Entry(NamedTuple):
    """One entry of a JSON file, or one row of a table, with what it lies in."""

    record: Mapping[str, object]
    around: "Entry | None" = None


def getter(path: str, field: str = "") -> Getter:
    """Compiles a path. The field that it feeds is for the message.

    Raises:
        Misconfigured: this is no path.
    """
    up = len(path) - len(path.lstrip("^"))
    steps = _steps(path[up:])
    if steps is None:
        where = f" (for {field})" if field else ""
        raise Misconfigured(f"{path!r} is no path{where}, such as user.id or includes.users[id=@author_id].name")
    if up == 0 and len(steps) == 1 and isinstance(steps[0], str):
        name = steps[0]
        return lambda entry: entry.record.get(name)

    def get(entry: Entry) -> object:
        start: Entry | None = entry
        for _ in range(up):
            start = start.around if start is not None else None
        node: object = None if start is None else start.record
        for step in steps:
            if node is None:
                break
            node = _child(node, step) if isinstance(step, str) else step.of(node, entry)
        # Tools that make tables of JSON write `user.id` as one name.
        return entry.record.get(path) if node is None and up == 0 else node

    return get


class _Choice(NamedTuple):
    key: str
    word: str
    own: Getter | None

    def of(self, node: object, entry: Entry) -> object:
        wanted = self.word if self.own is None else self.own(entry)
        if not isinstance(node, list) or wanted is None:
            return None
        return next((one for one in node if isinstance(one, Mapping) and _same(one.get(self.key), wanted)), None)


def _same(found: object, wanted: object) -> bool:
    return found is not None and str(found) == str(wanted)


def _child(node: object, name: str) -> object:
    if isinstance(node, Mapping):
        return node.get(name)
    if isinstance(node, list) and name.isdigit():
        return node[int(name)] if int(name) < len(node) else None
    return None


def _steps(path: str) -> list[str | _Choice] | None:
    if path == ITSELF:
        return []
    steps: list[str | _Choice] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            return None
        if found["name"]:
            steps.append(found["name"].strip())
        elif found["key"]:
            own = getter(found["value"]) if found["ours"] else None
            steps.append(_Choice(found["key"], found["value"], own))
        at = found.end()
    return steps or None


def unfolded(record: Mapping[str, object], ways: Sequence[str]) -> list[Entry]:
    """Returns the entries in a record, in order, each with the part that holds its list around it.

    Args:
        record: of the file.
        ways: paths of lists of entries, of which the first that leads anywhere is taken. `a + b` takes those of
            both. Lists on the way are gone through as well. The record itself is the entry if none leads
            anywhere, since a reader may have gone to the list and give its elements.
    """
    whole = Entry(record)
    for way in ways:
        lists = [_at(whole, path.strip()) for path in way.split("+")]
        if any(entries is not None for entries in lists):
            return [entry for entries in lists for entry in entries or ()]
    return [whole]


def _at(entry: Entry, path: str) -> list[Entry] | None:
    found = [entry]
    for name in path.split(".") if path != ITSELF else ():
        inner = [(holder, holder.record.get(name)) for holder in found]
        found = [one for holder, value in inner for one in _entries(holder, value)]
        if not found and all(value is None for _, value in inner):
            return None
    return found


def _entries(holder: Entry, value: object) -> list[Entry]:
    if isinstance(value, Mapping):
        return [Entry(value, holder)]
    if isinstance(value, list):
        return [Entry(one, holder) for one in value if isinstance(one, Mapping)]
    return []
