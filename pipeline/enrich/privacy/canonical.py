"""The canonical form of a text, in which personal data is looked for, and the way back to the text as written.

A canonical text has a single kind of digit, dash, blank and at-sign, and nothing that cannot be seen. Without it,
a zero-width space or a full-width digit inside a card number would hide the number from every pattern and from no
reader. What counts as personal is decided elsewhere.
"""

import re
import unicodedata
from functools import lru_cache
from html import unescape
from typing import NamedTuple

from pipeline.enrich.text.lexical import ENTITY_IN_SMALL_LETTERS

BARRIER = "\x00"
"""Stands for text that must not be searched. No pattern contains it, and no canonical text does, because control
characters are taken out."""

_ODD = re.compile(rf"[^\t\n\r -~]|{ENTITY_IN_SMALL_LETTERS}|\\u[0-9a-fA-F]{{4}}|%(?:40|2[bB0])")
"""Everything that canonical form may change: characters beyond printable ASCII, HTML entities (nested ones too),
JSON escapes, and the escapes of @, + and blank in a link."""
_DASHES = "‐‑‒–—―−﹘﹣－ーｰ⁃"
_DOTS = "·•‧∙⋅。｡․"
_SLASHES = "⁄∕╱／"
_CANONICAL_FORMS = str.maketrans(
    {
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_DOTS, "."),
        **dict.fromkeys(_SLASHES, "/"),
        "’": "'",
        "‘": "'",
    }
)
_GLYPHLESS = {"Cc", "Cf", "Cs"}
"""Unicode categories whose characters nobody sees."""

_REST = r"[^\s<>\"\x00]*"
_HOST_TAIL = r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_PUBLIC = re.compile(
    rf"://{_REST}|www\.{_REST}"  # a link, from the sign that gives it away
    rf"|\.[a-zA-Z]{{2,24}}[/?]{_REST}"  # a link without scheme
    rf"|(?<!@)@+\w+(?:@{_HOST_TAIL})?"  # a handle, also of the fediverse; a run of @ is tried once, at its start
    r"|#\d*[^\W\d]\w*"  # a hashtag; of digits alone it is none
)
"""Each alternative starts with a sign of its own, which makes the search cheap. What stands before the sign is
looked at afterwards."""
_BEFORE_LINK = re.compile(r"[\w+.-]{0,80}")

PublicPlace = tuple[str, int, int]
"""Its first character (@ of a handle, # of a hashtag, anything else of a link), then start and end."""


class CanonicalText(NamedTuple):
    """A text in canonical form."""

    text: str
    starts: tuple[int, ...] | None
    """Position in the original where each character began, then the length of the original. None means that no
    character moved."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Returns the place in the original text."""
        return (start, end) if self.starts is None else (self.starts[start], self.starts[end])


def canonical(text: str) -> CanonicalText:
    """Returns the canonical form of a text. It never raises and takes time in proportion to the text."""
    oddities = list(_ODD.finditer(text))
    if not oddities:
        return CanonicalText(text, None)
    parts: list[str] = []
    starts: list[int] = []
    position = 0
    for odd in oddities:
        parts.append(text[position : odd.start()])
        starts.extend(range(position, odd.start()))
        shown = _shown(odd[0])
        parts.append(shown)
        starts.extend(range(*odd.span()) if shown == odd[0] else [odd.start()] * len(shown))
        position = odd.end()
    parts.append(text[position:])
    starts.extend(range(position, len(text) + 1))
    return CanonicalText("".join(parts), tuple(starts))


def public_places(text: str) -> list[PublicPlace]:
    """Returns where links, handles and hashtags stand in a canonical text, in order. They are public and stay."""
    places: list[PublicPlace] = []
    last_end = 0
    for match in _PUBLIC.finditer(text):
        sign, start = match[0][0], match.start()
        before = text[start - 1 : start]
        if sign in "@#w":
            if before.isalnum() or before == "_" or (sign == "@" and before in tuple(".+-")):
                continue  # an e-mail address, or inside a word
        elif reach := _BEFORE_LINK.match(text[max(last_end, start - 80) : start][::-1]):
            start -= reach.end()
        places.append((sign, start, match.end()))
        last_end = match.end()
    return places


def with_barriers(text: str, places: list[PublicPlace]) -> str:
    """Returns a text of the same length with barriers in those places, which are given in order."""
    if not places:
        return text
    parts: list[str] = []
    position = 0
    for _, start, end in places:
        parts += text[position:start], BARRIER * (end - start)
        position = end
    return "".join(parts) + text[position:]


def barrier(match: re.Match[str]) -> str:
    """Returns barriers of the length of the match."""
    return BARRIER * (match.end() - match.start())


@lru_cache(maxsize=8192)
def _shown(odd: str) -> str:
    """Returns what a reader sees, which is nothing, a single character, or the oddity as it is written."""
    written = odd
    if odd[0] == "&" and len(odd) > 1:
        odd = unescape("&" + odd[1:].replace("amp;", "")) if odd.lower() != "&amp;" else "&"
    elif odd[0] == "\\":
        odd = chr(int(odd[2:], 16))
    elif odd[0] == "%":
        odd = {"40": "@", "2b": "+", "20": " "}[odd[1:].lower()]
    if len(odd) != 1:
        return written
    category = unicodedata.category(odd)
    if category in _GLYPHLESS and not odd.isspace():
        return ""
    # The faces of emoji, the box of a keycap, and marks that strike a digit through would hide a number as well.
    if "\ufe00" <= odd <= "\ufe0f" or odd == "\u20e3" or "\u0300" <= odd <= "\u036f":
        return ""
    if odd.isspace():
        return "\n" if odd in "\n\r\u2028\u2029\x85" else " "
    digit = unicodedata.decimal(odd, None)
    if digit is not None:
        return str(digit)
    once = odd.translate(_CANONICAL_FORMS)
    folded = unicodedata.normalize("NFKC", once)
    return folded.translate(_CANONICAL_FORMS) if len(folded) == 1 else once
