"""Shows the form of a dead letter without its words, so that `Ann, call 020 7946` becomes `Xxx, xxxx 000 0000`.

Only identifiers, codes, times and counters of the contract stay legible, and each of them only where it belongs
and has the form that belongs there. A letter is often one because a value stands in the wrong field. Readers of
`posts.scored` get masks instead, which keep what is no personal data.
"""

import re
from difflib import get_close_matches
from typing import Any

import orjson

from pipeline.input_mistakes import CLOSE_ENOUGH
from schemas.posts.raw import Author, PostMetrics, RawPost
from schemas.topics import TOPICS

MOST_CHARS = 200
"""Most characters of one text that are shown. The text's length is told, too."""
MOST_BYTES = 4_000
"""Most bytes that are shown of a value that is no JSON."""
_ID = re.compile(r"[a-z][a-z0-9_]{0,31}:[A-Za-z0-9_.:/=-]{1,200}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|[+-]\d\d:?\d\d))?)?")
_WORD = re.compile(r"[a-z][a-z_]{0,31}")
LEGIBLE: dict[str, re.Pattern[str]] = {
    "workspace": re.compile(r"[a-z][a-z0-9-]{0,62}"),
    "platform": _WORD,
    "visibility": _WORD,
    "lang": re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?"),
    "post_id": _ID,
    "author.author_id": _ID,
    "in_reply_to": _ID,
    "repost_of": _ID,
    "quote_of": _ID,
    "conversation_id": _ID,
    "created_at": _TIME,
    "author.created_at": _TIME,
}
"""Fields of a RawPost whose text stays where it has this form."""
COUNTERS = frozenset(
    f"{part}{name}"
    for part, names in (
        ("", ("schema_version", "revision", "rating")),
        ("author.", ("followers", "following")),
        ("metrics.", ("likes", "reposts", "replies", "views")),
    )
    for name in names
)
"""Fields whose number stays, unless it is so long that it could be a phone, a card or an account."""
LONGEST_NUMBER = 6
"""Most digits of a counter that stays. In a letter whose columns have slipped, anything may stand in a counter's
field."""
DEEPEST = 20
"""Levels of a document that are shown. The contract has 3."""
_NAMES = frozenset({*RawPost.model_fields, *Author.model_fields, *PostMetrics.model_fields})
"""Names of fields that stay, with names that are nearly one of them, because a misspelt field is a reason to look.
Any other name may be a person's."""


def holds_plain_text(topic: str) -> bool:
    """Whether letters of that dead-letter topic must be shown as shapes. They must unless the contract says
    otherwise."""
    return topic not in {other.dlq.name for other in TOPICS if other.dead_letters and not other.plain_text}


def shape(value: bytes) -> str:
    """Returns the shape of a record's value as indented JSON, or the shape of the bytes where they are no JSON."""
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        more = f" ... ({len(value):,} bytes)" if len(value) > MOST_BYTES else ""
        return _blank(value[:MOST_BYTES].decode(errors="replace")) + more
    return orjson.dumps(_shape(document, ""), option=orjson.OPT_INDENT_2).decode()


def shape_key(key: bytes) -> str:
    """Returns a key `workspace/author_id` as it is, and any other key as a shape."""
    text = key.decode(errors="replace")
    workspace, _, author = text.partition("/")
    legible = LEGIBLE["workspace"].fullmatch(workspace) and _ID.fullmatch(author)
    return text if legible else _blank(text)


def _shape(node: Any, path: str, depth: int = 0) -> Any:
    if isinstance(node, dict | list) and depth == DEEPEST:
        return "..."
    if isinstance(node, dict):
        return {
            _name(name): _shape(inner, f"{path}.{name}".lstrip("."), depth + 1) for name, inner in node.items()
        }
    if isinstance(node, list):
        return [_shape(inner, f"{path}[]", depth + 1) for inner in node]
    if isinstance(node, str):
        form = LEGIBLE.get(path)
        if form is not None and form.fullmatch(node):
            return node
        more = f" ... ({len(node):,} characters)" if len(node) > MOST_CHARS else ""
        return _blank(node[:MOST_CHARS]) + more
    if node is None or isinstance(node, bool) or (path in COUNTERS and len(str(node)) <= LONGEST_NUMBER):
        return node
    return _blank(str(node))


def _name(name: str) -> str:
    return name if get_close_matches(name, _NAMES, 1, CLOSE_ENOUGH) else _blank(name[:MOST_CHARS])


def _blank(text: str) -> str:
    return "".join(map(_sign, text))


def _sign(sign: str) -> str:
    if sign.isalpha():
        return "X" if sign.isupper() else "x"
    if sign.isdigit():
        return "0"
    return sign if " " <= sign <= "~" or sign == "\n" else "?"
