"""Finds out how a text is JSON, which is an entry a line, values after each other, or a long array."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping

import ijson
import orjson

from pipeline.ingest.look.decision import Asked, Json

WRAPPER = re.compile(r"[\s\ufeff]*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$.\[\]\"']*\s*=\s*(?=[\[{])")
"""Archives of networks come as scripts, such as `window.YTD.tweets.part0 = [`."""
_BEGINS = re.compile(r'\s*(?:\[\s*[\[{\]]|\{\s*["}])')
_LINES_TRIED = 20
_OWN = frozenset(
    {"id", "id_str", "_id", "post_id", "text", "full_text", "body", "content", "created_at", "uri", "url"}
)
"""An object that has one of these itself is an entry, and no envelope around entries."""
_TEXTS = frozenset({"text", "full_text", "body", "content", "message", "comment", "review"})
_AN_ID = re.compile(r"(?:post|tweet|review|comment|message|mention|document|status)_?id")
_A_TIME = re.compile(
    r"(?:\w+_)?(?:date|time|at|utc|timestamp|datetime|created)|date\w*|time\w*|created\w*|published\w*"
)
_DEEPEST_LIST = 3


def shape(sample: str, asked: Asked, *, whole: bool) -> Json | None:
    """Returns how a text is JSON, or None if it is none.

    Args:
        sample: the beginning of the text.
        asked: what the operator says.
        whole: whether the sample is all of the text.
    """
    wrapper = WRAPPER.match(sample)
    text = sample[wrapper.end() :] if wrapper else sample.lstrip("\ufeff \t\r\n")
    first = None if wrapper else _first_line(text, whole=whole)
    if _BEGINS.match(text) is None and first is None:
        return None
    path = tuple(asked.entries.split(".")) if asked.entries else None
    if text.startswith("[") and first is None:
        return Json("array", path or ())
    if first is not None:
        return Json("lines", path if path is not None else envelope(first))
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        # The object is longer than the sample, or damaged.
        found = path if path is not None else _open_list(text.encode(errors="replace"))
        return Json("array", found) if found and not whole else Json("values", found or ())
    return Json("values", path if path is not None else envelope(value))


def _first_line(text: str, *, whole: bool) -> Mapping[str, object] | None:
    lines = text.split("\n")[: _LINES_TRIED + 1]
    if len(lines) <= _LINES_TRIED and not whole:
        lines = lines[:-1]
    tried = [found for line in lines if line.strip() for found in [_object(line)]]
    good = [found for found in tried if found is not None]
    return good[0] if good and 2 * len(good) >= len(tried) else None


def _object(line: str) -> Mapping[str, object] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def envelope(value: object) -> tuple[str, ...]:
    """Returns the keys that lead to the entries within an object, or () if it is an entry itself."""
    if not isinstance(value, Mapping) or _is_entry(value):
        return ()
    lists = [(len(found), path) for path, found in _lists(value, ())]
    return max(lists, key=lambda one: one[0], default=(0, ()))[1]


def rivals(value: Mapping[str, object]) -> list[str]:
    """Returns the dotted paths of all lists in an object whose elements have a text and a time of their own."""
    return [
        ".".join(path)
        for path, found in _lists(value, ())
        if isinstance(found[0], dict)
        and _TEXTS & {key.lower() for key in found[0]}
        and any(map(_A_TIME.fullmatch, map(str.lower, found[0])))
    ]


def _is_entry(value: Mapping[str, object]) -> bool:
    """Returns whether an object is an entry itself: by its name or text, or by an id of its own with a time."""
    if _OWN & value.keys():
        return True
    plain = {key.lower() for key, inner in value.items() if isinstance(inner, str | int | float)}
    return any(map(_AN_ID.fullmatch, plain)) and any(map(_A_TIME.fullmatch, plain))


def _lists(value: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[object]]]:
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield (*path, key), inner
        elif isinstance(inner, dict) and len(path) + 1 < _DEEPEST_LIST and not _is_entry(inner):
            yield from _lists(inner, (*path, key))


def _open_list(sample: bytes) -> tuple[str, ...]:
    """Returns where the longest list of objects lies in the beginning of an object."""
    counts: Counter[str] = Counter()
    try:
        for prefix, event, _ in ijson.parse(sample):
            if event == "start_map" and prefix.endswith(".item") and ".item." not in prefix:
                counts[prefix.removesuffix(".item")] += 1
    except ijson.JSONError:
        pass  # The sample ends within the object.
    likely = [path for path in counts if path.count(".") < _DEEPEST_LIST]
    return tuple(max(likely, key=lambda path: counts[path]).split(".")) if likely else ()
