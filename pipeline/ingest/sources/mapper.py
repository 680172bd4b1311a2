"""Makes posts of the records of one file, by the map of its source.

A record is a row as {column: cell}, or an entry of a JSON file. The post is plain data in the form of a RawPost,
and the contract checks it later. An odd optional cell is left out of its post and named.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import LeftOut
from pipeline.ingest.sources.feeding import Find, Get, constant, fed
from pipeline.ingest.sources.header import Columns
from pipeline.ingest.sources.paths import Entry, getter, unfolded
from pipeline.ingest.sources.readers import Readers
from pipeline.ingest.sources.source_map import REQUIRED, SourceMap
from pipeline.ingest.sources.values.identity import hashed
from pipeline.ingest.sources.values.nobody import stands_for_nobody
from pipeline.ingest.sources.values.plain import platform, spelled

AUTHOR = "author.author_id"
NAMES = ("handle", "name")
OTHER_AUTHORS = ("in_reply_to_author", "repost_of_author", "quote_of_author")
Document = dict[str, object]


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
            (get, {word.lower() for word in words})
            for path, words in source_map.only.items()
            if (get := find(path, "only")) is not None
        ]
        self._readers = Readers(source_map)
        self.columns: Mapping[str, str] = {
            part.target: part.column for part in (*self._parts, self._platform, self._author) if part is not None
        }
        """Maps each field to the columns or paths that feed it, in words."""

    def entries(self, record: Mapping[str, object]) -> list[Entry]:
        """Returns the posts that lie in a record of the file, not read yet. A row of a table is one."""
        found = [Entry(record)] if self._of_table else unfolded(record, self._map.entries)
        return [entry for entry in found if self._is_post(entry)] if self._only else found

    def posts(self, record: Mapping[str, object]) -> Iterator[Mapped | Permanent]:
        """Yields each post of a record, or why it is none."""
        for entry in self.entries(record):
            try:
                yield self._post(entry)
            except Permanent as error:
                yield error

    def post(self, record: Mapping[str, object]) -> Mapped:
        """Returns the post of a record that holds one.

        Raises:
            Permanent: it is no post; names the field, or `no_post` if the map takes none from it.
        """
        entries = self.entries(record)
        if len(entries) != 1:
            raise Permanent("no_post", f"the record holds {len(entries)} posts by this map")
        return self._post(entries[0])

    def _is_post(self, entry: Entry) -> bool:
        return all(spelled(get(entry)).strip().lower() in words for get, words in self._only)

    def _post(self, entry: Entry) -> Mapped:
        left: list[LeftOut] = []
        notes: list[str] = []
        network = _required(lambda: platform(self._platform.get(entry), notes), "platform")
        if network is None:
            raise Permanent("invalid_field", "the cell is empty", "platform")
        readers = self._readers.of(str(network))
        document: Document = {"platform": network}
        for target, get, column, parent, leaf, is_needed in self._parts:
            try:
                value = readers[target](get(entry), notes)
            except Permanent as error:
                if is_needed:
                    raise Permanent(error.code, error.detail, target) from None
                left.append(LeftOut(target, column, error.code))
                continue
            if notes:
                left += [LeftOut(target, column, code) for code in notes]
                notes.clear()
            if value is not None:
                if parent:
                    document.setdefault(parent, {})[leaf] = value  # type: ignore[index]
                else:
                    document[leaf] = value
        self._put_author(document, entry, str(network), left)
        reply = document.get("reply")
        if isinstance(reply, dict) and "allowed" not in reply:
            del document["reply"]
        return Mapped(document, tuple(left))

    def _put_author(self, document: Document, entry: Entry, network: str, left: list[LeftOut]) -> None:
        author = document.setdefault("author", {})
        assert isinstance(author, dict)
        nobody = self._map.nobody
        for name in NAMES:
            if name in author and stands_for_nobody(author[name], nobody):
                del author[name]
        for other in OTHER_AUTHORS:
            if other in document and stands_for_nobody(str(document[other]).partition(":")[2], nobody):
                del document[other]
        notes: list[str] = []
        found = None
        if self._author is not None:
            value = self._author.get(entry)
            if not (isinstance(value, str) and stands_for_nobody(value, nobody)):
                found = _required(lambda: self._readers.author(network, value, notes), AUTHOR)
                if found is None and not author.get("anonymous"):
                    notes.append("no_author")
            left += [LeftOut(AUTHOR, self._author.column, code) for code in notes]
        if found is None:
            thread = str(document.get("conversation_id") or document.get("post_id"))
            author |= {"author_id": f"{network}:anonymous-{hashed([thread])}", "anonymous": True}
        else:
            author["author_id"] = found


def _required(read: Callable[[], object], field: str) -> object:
    try:
        return read()
    except Permanent as error:
        raise Permanent(error.code, error.detail, field) from None
