"""Knows how the cell of each field is read, and asks the contract whether an optional value fits its field."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter, ValidationError

from pipeline.errors import Permanent
from pipeline.ingest.sources import source_map as targets
from pipeline.ingest.sources.source_map import SourceMap
from pipeline.ingest.sources.values import amounts, identity, plain
from pipeline.ingest.sources.values.plain import Reader
from pipeline.ingest.sources.values.times import Times
from pipeline.input_mistakes import plain as in_words
from schemas.posts.raw import Author, PostMetrics, RawPost, Reply

MOST_NETWORKS = 100
"""What is made ready for networks is kept for so many, because a file whose column for the network holds anything
must not fill the memory."""
_PARTS: Mapping[str, type[BaseModel]] = {"author": Author, "metrics": PostMetrics, "reply": Reply}
_OFTEN_AGAIN = frozenset(
    {"workspace", "lang", "visibility", "place", "rating", "author.handle", "author.name", "author.verified",
     "author.followers", "author.following", "author.created_at", "metrics.likes", "metrics.reposts",
     "metrics.replies", "deleted", "revision"}
)  # fmt: skip
"""Many posts have the same cell for these."""
_LONGEST_REMEMBERED, _MOST_REMEMBERED = 64, 4096
_WORDS: Mapping[str, Reader] = {
    "lang": plain.language,
    "visibility": plain.visibility,
    "author.handle": plain.handle,
}


class Readers:
    """Holds the readers of one file, for each network that occurs in it."""

    def __init__(self, source_map: SourceMap) -> None:
        self._map = source_map
        zone = None if source_map.zone is None else ZoneInfo(source_map.zone)
        self._times = Times(source_map.times, zone, source_map.order)
        self._exact = source_map.ids == "exact"
        self._of: dict[str, dict[str, Reader]] = {}
        self._authors: dict[str, Reader] = {}

    def of(self, platform: str) -> Mapping[str, Reader]:
        """Returns the reader of each field, for the posts of one network."""
        readers = self._of.get(platform)
        if readers is None:
            readers = {target: self._reader(target, platform) for target in targets.TARGETS}
            if len(self._of) < MOST_NETWORKS:
                self._of[platform] = readers
        return readers

    def author(self, platform: str, value: object, notes: list[str]) -> str | None:
        """Reads the id of a post's author, or the name that stands in its place.

        Raises:
            Permanent: as `native_id`.
        """
        read = self._authors.get(platform)
        if read is None:
            read = _remembering(partial(identity.named_id, platform, exact=self._exact))
            if len(self._authors) < MOST_NETWORKS:
                self._authors[platform] = read
        return read(value, notes)  # type: ignore[return-value]

    def _reader(self, target: str, platform: str) -> Reader:
        read = self._plain_reader(target, platform)
        if target in ("post_id", "created_at", "text"):
            return read
        return _remembering(_Fitting(target, read)) if target in _OFTEN_AGAIN else _Fitting(target, read)

    def _plain_reader(self, target: str, platform: str) -> Reader:
        if target == "post_id":
            return partial(identity.native_id, platform, exact=self._exact)
        if target in targets.ID_TARGETS | targets.AUTHOR_TARGETS:
            return partial(identity.reference, platform, exact=self._exact)
        if target in targets.TIME_TARGETS:
            return self._times
        if target in targets.COUNT_TARGETS | targets.NUMBER_TARGETS:
            counts = target in targets.COUNT_TARGETS
            return lambda value, notes: amounts.number(value, self._map.decimal, counts, notes)
        if target in targets.BOOLEAN_TARGETS:
            return plain.boolean
        return plain.text if target in targets.TEXT_TARGETS else _WORDS.get(target, plain.word)


def _remembering(read: Reader) -> Reader:
    """Returns a reader that knows short cells that it has read. A cell that needs a note is read each time."""
    known: dict[object, object] = {}

    def get(value: object, notes: list[str]) -> object:
        if type(value) is not str or len(value) > _LONGEST_REMEMBERED:
            return read(value, notes)
        if value in known:
            return known[value]
        noted = len(notes)
        found = read(value, notes)
        if len(notes) == noted:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            known[value] = found
        return found

    return get


class _Fitting:
    """Reads a cell and refuses a value that the contract would refuse."""

    def __init__(self, target: str, read: Reader) -> None:
        parent, _, leaf = target.rpartition(".")
        field = (_PARTS[parent] if parent else RawPost).model_fields[leaf]
        self._read = read
        kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        self._check = TypeAdapter(kind).validator.validate_python

    def __call__(self, value: object, notes: list[str]) -> object:
        """Returns the value of a cell.

        Raises:
            Permanent: the cell is odd, or `invalid_field`.
        """
        found = self._read(value, notes)
        if found is None:
            return None
        try:
            self._check(found)
        except ValidationError as error:
            raise Permanent("invalid_field", in_words(error.errors(include_url=False)[0])) from None
        return found
