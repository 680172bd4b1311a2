"""Takes the value of one field out of a record: of one column, the first of several, a join, or a hash."""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.sources.paths import Entry, Getter
from pipeline.ingest.sources.source_map import AUTHOR_TARGETS, ID_TARGETS, Feed, SourceMap
from pipeline.ingest.sources.values.identity import hashed
from pipeline.ingest.sources.values.markup import entities, visible
from pipeline.ingest.sources.values.nobody import stands_for_nobody
from pipeline.ingest.sources.values.plain import ABSENT, spelled

_LITERAL = re.compile("'[^']*'")
Get = Callable[[Entry], object]
Find = Callable[[str, str], Getter | None]
"""Returns what takes the value of a column or path for a field, or None if there is none."""


class _Word(str):
    """Is a word of the map, and no value of the file."""


def _word(text: str) -> Getter:
    word = _Word(text)
    return lambda _entry: word


def constant(cell: str) -> Get:
    """Returns what gives each record that cell."""
    return lambda _entry: cell


def fed(feed: Feed, find: Find, target: str, source_map: SourceMap) -> Get | None:
    """Returns what takes the value of a field, or None if nothing feeds it in this table.

    Args:
        feed: what the map says.
        find: finds columns or paths.
        target: the field.
        source_map: for the meaning of words, texts that are HTML, and constants for empty cells.

    Raises:
        Misconfigured: a column is missing; names the field.
    """
    getters = _found(feed, find, target)
    if not getters:
        return None
    between = "-" if target in ID_TARGETS | AUTHOR_TARGETS else " "
    by = between if feed.by is None else feed.by
    if feed.how == "join" and target in ID_TARGETS | AUTHOR_TARGETS:
        get = _joined_id(getters, by, source_map.nobody)
    else:
        get = _HOW[feed.how](getters, by)
    if feed.part is not None:
        get = _part(get, re.compile(feed.part))
    words = source_map.values.get(target)
    if words:
        get = _meaning(get, {word.lower(): meaning for word, meaning in words.items()})
    links = [found for path in source_map.links.get(target, ()) if (found := find(path, target)) is not None]
    if links:
        get = _expanded(get, links)
    markup = source_map.markup.get(target)
    if markup is not None:
        get = _plain(get, visible if markup == "html" else entities)
    fallback = source_map.constants.get(target)
    return get if fallback is None else _or_else(get, fallback)


def _found(feed: Feed, find: Find, target: str) -> list[Getter]:
    found: list[Getter] = []
    problem = None
    for name in feed.of:
        try:
            get = _word(name[1:-1]) if _LITERAL.fullmatch(name) else find(name, target)
        except Misconfigured as error:
            problem = error
            # The first of several is enough, while a join or hash of fewer columns would be another value.
            if feed.how != "first" or "several" in str(error):
                raise
        else:
            found += [] if get is None else [get]
    if problem is not None and not found:
        raise problem
    return found


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and (not value.strip() or value.strip().lower() in ABSENT))


def _first(getters: Sequence[Getter], _by: str) -> Get:
    if len(getters) == 1:
        return getters[0]

    def get(entry: Entry) -> object:
        return next((value for one in getters if not _is_absent(value := one(entry))), None)

    return get


def _joined(getters: Sequence[Getter], by: str) -> Get:
    def get(entry: Entry) -> object:
        values = [value for one in getters if not _is_absent(value := one(entry))]
        # A word of the map alone would make one thread of all that have none.
        if all(isinstance(value, _Word) for value in values):
            return None
        return by.join(map(spelled, values))

    return get


def _joined_id(getters: Sequence[Getter], by: str, nobody: Sequence[str]) -> Get:
    """Joins the parts of an id. A part alone, or one that stands for nobody, would make one of many people."""
    join = _joined(getters, by)

    def get(entry: Entry) -> object:
        values = [one(entry) for one in getters]
        if any(map(_is_absent, values)):
            return None
        nameless = (value for value in values if isinstance(value, str) and stands_for_nobody(value, nobody))
        return next(nameless, None) or join(entry)

    return get


def _hash(getters: Sequence[Getter], _by: str) -> Get:
    def get(entry: Entry) -> object:
        parts = [spelled(one(entry)) for one in getters]
        if not any(map(str.strip, parts)):
            raise Permanent("invalid_id", "all columns of which the id is made are empty")
        return hashed(parts)

    return get


_HOW = {"first": _first, "join": _joined, "hash": _hash}


def _part(inner: Get, pattern: "re.Pattern[str]") -> Get:
    def get(entry: Entry) -> object:
        found = pattern.search(spelled(inner(entry)))
        return None if found is None else unquote(found[1] if pattern.groups else found[0])

    return get


def _meaning(inner: Get, words: dict[str, str]) -> Get:
    def get(entry: Entry) -> object:
        value = inner(entry)
        return words.get(spelled(value).strip().lower(), value)

    return get


def _expanded(inner: Get, links: Sequence[Getter]) -> Get:
    """Writes the addresses out that a network has shortened in a text."""

    def get(entry: Entry) -> object:
        value = inner(entry)
        if not isinstance(value, str) or "://" not in value:
            return value
        for listed in links:
            found = listed(entry)
            for link in found if isinstance(found, list) else ():
                if isinstance(link, Mapping) and isinstance(link.get("expanded_url"), str) and link.get("url"):
                    value = value.replace(str(link["url"]), link["expanded_url"])
        return value

    return get


def _plain(inner: Get, read: Callable[[str], str]) -> Get:
    def get(entry: Entry) -> object:
        value = inner(entry)
        return read(value) if isinstance(value, str) else value

    return get


def _or_else(inner: Get, fallback: str) -> Get:
    def get(entry: Entry) -> object:
        value = inner(entry)
        return fallback if _is_absent(value) else value

    return get
