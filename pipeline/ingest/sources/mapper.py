"""Makes posts of the records of one file, by the map of its source.

A record is a row as {column: cell}, or an entry of a JSON file. The post is plain data in the form of a RawPost,
and the contract checks it later. An odd optional cell is left out of its post and named.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import LeftOut
from pipeline.ingest.sources.feeding import Find, Get, constant, fed
from pipeline.ingest.sources.header import Columns
from pipeline.ingest.sources.paths import Entry, getter, unfolded
from pipeline.ingest.sources.readers import MOST_NETWORKS, Readers
from pipeline.ingest.sources.source_map import REQUIRED, SourceMap
from pipeline.ingest.sources.values.identity import hashed
from pipeline.ingest.sources.values.nobody import stands_for_nobody
from pipeline.ingest.sources.values.plain import Reader, platform, spelled

AUTHOR = "author.author_id"
NAMES = ("handle", "name")
OTHER_AUTHORS = ("in_reply_to_author", "repost_of_author", "quote_of_author")
Document = dict[str, object]
_LONGEST_WORD, _MOST_REASONS = 20, 50


class Mapped(NamedTuple):
    """A post that was made of a record."""

    document: Document
    """A RawPost as plain data."""
    left_out: tuple[LeftOut, ...]
    """What was odd in optional cells, or was read otherwise than it stands there."""


class _Part(NamedTuple):
    target: str
    get: Get
    column: str
    parent: str
    """The part of the post that holds the field, or nothing."""
    leaf: str
    is_needed: bool
    """Whether there is no post without it."""

    @staticmethod
    def of(target: str, get: Get, column: str) -> "_Part":
        parent, _, leaf = target.rpartition(".")
        return _Part(target, get, column, parent, leaf, target in REQUIRED or target == "text")


class _Step(NamedTuple):
    get: Get
    read: Reader
    parent: str
    leaf: str
    part: _Part


class Mapper:
    """Makes posts of records.

    Args:
        source_map: a complete map (`SourceMap.with_defaults`).
        columns: names of the columns of a table, in order; None for a JSON file. A second column of one name is
            called `name#2`.

    Raises:
        Misconfigured: the table lacks a column of the map, or has it several times, or a path is none.
    """

    def __init__(self, source_map: SourceMap, columns: Sequence[str] | None = None) -> None:
        self._map = source_map
        self._of_table = columns is not None
        find: Find = getter
        if columns is not None:
            find = Columns(columns, optional=bool(source_map.needs)).getter
        parts: dict[str, _Part] = {}
        for target, cell in source_map.constants.items():
            parts[target] = _Part.of(target, constant(cell), f"=={cell}")
        for target, feed in source_map.columns.items():
            get = fed(feed, find, target, source_map)
            if get is not None:
                parts[target] = _Part.of(target, get, ", ".join(feed.of))
        missing = [name for name in REQUIRED if name not in parts and name != AUTHOR]
        if missing:
            raise Misconfigured(f"there is no column for {', '.join(missing)}")
        self._platform = parts.pop("platform")
        self._author = parts.pop(AUTHOR, None)
        self._parts = tuple(parts.values())
        self._only = [
            (path, get, {word.lower() for word in words})
            for path, words in source_map.only.items()
            if (get := find(path, "only")) is not None
        ]
        self._skips = [
            (path, get, re.compile(pattern))
            for path, pattern in source_map.skips.items()
            if (get := find(path, "skips")) is not None
        ]
        self._nested = [(path, get) for path in source_map.nested if (get := find(path, "nested")) is not None]
        self.left_aside: Counter[str] = Counter()
        """Counts the entries that are no posts by the map, by the reason in words."""
        self._readers = Readers(source_map)
        self._plans: dict[str, tuple[_Step, ...]] = {}
        self._networks: dict[object, str] = {}
        self.columns: Mapping[str, str] = {
            part.target: part.column for part in (*self._parts, self._platform, self._author) if part is not None
        }
        """Maps each field to the columns or paths that feed it, in words."""

    def entries(self, record: Mapping[str, object]) -> list[Entry]:
        """Returns the posts that lie in a record of the file, not read yet. A row of a table is one."""
        found = [Entry(record)] if self._of_table else unfolded(record, self._map.entries)
        return [entry for entry in found if self._is_post(entry)] if self._only or self._skips else found

    def post(self, record: Mapping[str, object]) -> Mapped:
        """Returns the post of a record that holds one.

        Raises:
            Permanent: it is no post; names the field, or `no_post` if the map takes none from it.
        """
        entries = self.entries(record)
        if len(entries) != 1:
            raise Permanent("no_post", f"the record holds {len(entries)} posts by this map")
        return self.post_of(entries[0])

    def _is_post(self, entry: Entry) -> bool:
        for path, get, words in self._only:
            word = _spelled(get(entry)).strip().lower()
            if word not in words:
                self._leave_aside(f"{path} is {word[:_LONGEST_WORD]}" if word else f"{path} is empty", path)
                return False
        for path, get, pattern in self._skips:
            if pattern.match(_spelled(get(entry))):
                self._leave_aside(f"{path} begins with {pattern.pattern}", path)
                return False
        return True

    def _leave_aside(self, why: str, path: str) -> None:
        self.left_aside[why if why in self.left_aside or len(self.left_aside) < _MOST_REASONS else path] += 1

    def post_of(self, entry: Entry) -> Mapped:
        """Returns the post of one of `entries`.

        Raises:
            Permanent: it is no post; names the field.
        """
        left: list[LeftOut] = []
        notes: list[str] = []
        network = self._network(entry)
        author: Document = {}
        document: Document = {"platform": network, "author": author}
        for get, read, parent, leaf, part in self._plans.get(network) or self._plan(network):
            cell = get(entry)
            if cell is None or cell == "":
                continue
            try:
                value = read(cell, notes)
            except Permanent as error:
                if part.is_needed:
                    raise Permanent(error.code, error.detail, part.target) from None
                left.append(LeftOut(part.target, part.column, error.code))
                continue
            if notes:
                left += [LeftOut(part.target, part.column, code) for code in notes]
                notes.clear()
            if value is not None:
                if parent:
                    document.setdefault(parent, {})[leaf] = value  # type: ignore[index]
                else:
                    document[leaf] = value
        self._put_author(document, author, entry, network, left)
        for path, get in self._nested:
            listed = get(entry)
            left += [LeftOut("posts", path, "nested_posts")] * (len(listed) if isinstance(listed, list) else 0)
        if "reply" in document and "allowed" not in document["reply"]:  # type: ignore[operator]
            del document["reply"]
        return Mapped(document, tuple(left))

    def _network(self, entry: Entry) -> str:
        cell = self._platform.get(entry)
        found = self._networks.get(cell) if isinstance(cell, str) else None
        if found is None:
            try:
                found = platform(cell, [])
            except Permanent as error:
                raise Permanent(error.code, error.detail, "platform") from None
            if found is None:
                raise Permanent("invalid_field", "the cell is empty", "platform")
            if isinstance(cell, str) and len(self._networks) < MOST_NETWORKS:
                self._networks[cell] = found
        return found

    def _plan(self, network: str) -> "tuple[_Step, ...]":
        """Returns what is done for each post of a network."""
        readers = self._readers.of(network)
        steps = tuple(_Step(part.get, readers[part.target], part.parent, part.leaf, part) for part in self._parts)
        if len(self._plans) < MOST_NETWORKS:
            self._plans[network] = steps
        return steps

    def _put_author(
        self, document: Document, author: Document, entry: Entry, network: str, left: list[LeftOut]
    ) -> None:
        nobody = self._map.nobody
        for name in NAMES:
            if name in author and stands_for_nobody(str(author[name]), nobody):
                del author[name]
        for other in OTHER_AUTHORS:
            if other in document and stands_for_nobody(str(document[other]).partition(":")[2], nobody):
                del document[other]
        found = None
        if self._author is not None:
            notes: list[str] = []
            value = self._author.get(entry)
            if not (isinstance(value, str) and stands_for_nobody(value, nobody)):
                try:
                    found = self._readers.author(network, value, notes)
                except Permanent as error:
                    raise Permanent(error.code, error.detail, AUTHOR) from None
                if found is None and not author.get("anonymous"):
                    notes.append("no_author")
            if notes:
                left += [LeftOut(AUTHOR, self._author.column, code) for code in notes]
        if found is None:
            thread = str(document.get("conversation_id") or document.get("post_id"))
            author |= {"author_id": f"{network}:anonymous-{hashed([thread])}", "anonymous": True}
        else:
            author["author_id"] = found


def _spelled(value: object) -> str:
    try:
        return spelled(value)
    except Permanent:
        return "a list"
