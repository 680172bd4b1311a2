"""The plain form of a text in which personal data is looked for, position by position.

In: a text as written. Out: the same text with one kind of digit, dash, blank and at-sign, without what cannot be
seen, and the way back to the places of the original. Never here: what counts as personal.

Without it, a zero-width space or a full-width digit inside a card number would hide the number from every pattern
and from no reader.
"""

import re
import unicodedata
from functools import lru_cache
from html import unescape
from typing import NamedTuple

from pipeline.enrich.text.lexical import ENTITY_IN_SMALL_LETTERS

BARRIER = "\x00"
"""Stands for what must not be looked at: no pattern contains it, and control characters are taken out before."""

_ODD = re.compile(rf"[^\t\n\r -~]|{ENTITY_IN_SMALL_LETTERS}|\\u[0-9a-fA-F]{{4}}|%(?:40|2[bB0])")
"""Beyond printable ASCII: other characters, HTML entities (nested too), JSON escapes, and @ + blank in a link."""
_DASHES = "‐‑‒–—―−﹘﹣－ーｰ⁃"
_DOTS = "·•‧∙⋅。｡․"
_SLASHES = "⁄∕╱／"
_PLAIN_FORMS = str.maketrans(
    {
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_DOTS, "."),
        **dict.fromkeys(_SLASHES, "/"),
        "’": "'",
        "‘": "'",
    }
)
_UNSEEN = {"Cc", "Cf", "Cs"}
"""Unicode categories without a glyph."""

_REST = r"[^\s<>\"\x00]*"
_HOST_TAIL = r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_PUBLIC = re.compile(
    rf"://{_REST}|www\.{_REST}"  # a link, from where it is told
    rf"|\.[a-zA-Z]{{2,24}}[/?]{_REST}"  # a link without scheme
    rf"|(?<!@)@+\w+(?:@{_HOST_TAIL})?"  # a handle, also of the fediverse; a run of @ is tried once, at its start
    r"|#\d*[^\W\d]\w*"  # a hashtag; of digits alone it is none
)
"""Each part starts with its own sign, which makes the search cheap; what is before the sign is looked at after."""
_BEFORE_LINK = re.compile(r"[\w+.-]{0,80}")

PublicPlace = tuple[str, int, int]
"""First character (`@` a handle, `#` a hashtag, else a link), start, end."""


class Plain(NamedTuple):
    """A text in plain form."""

    text: str
    starts: tuple[int, ...] | None
    """Where each of its characters began in the original, and the original's length; None: nothing moved."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original text."""
        return (start, end) if self.starts is None else (self.starts[start], self.starts[end])


def plain(text: str) -> Plain:
    """The plain form; never raises, linear."""
    found = list(_ODD.finditer(text))
    if not found:
        return Plain(text, None)
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for odd in found:
        parts.append(text[at : odd.start()])
        starts.extend(range(at, odd.start()))
        seen = _seen(odd[0])
        parts.append(seen)
        starts.extend(range(*odd.span()) if seen == odd[0] else [odd.start()] * len(seen))
        at = odd.end()
    parts.append(text[at:])
    starts.extend(range(at, len(text) + 1))
    return Plain("".join(parts), tuple(starts))


def public_places(text: str) -> list[PublicPlace]:
    """Where links, handles and hashtags are in a plain text, in order: they are public and stay."""
    places: list[PublicPlace] = []
    free = 0  # where the last one ended
    for found in _PUBLIC.finditer(text):
        sign, start = found[0][0], found.start()
        before = text[start - 1 : start]
        if sign in "@#w":
            if before.isalnum() or before == "_" or (sign == "@" and before in tuple(".+-")):
                continue  # an e-mail address, or inside a word
        elif reach := _BEFORE_LINK.match(text[max(free, start - 80) : start][::-1]):
            start -= reach.end()
        places.append((sign, start, found.end()))
        free = found.end()
    return places


def without(text: str, places: list[PublicPlace]) -> str:
    """A text of the same length with walls in those places, which are in order."""
    if not places:
        return text
    parts: list[str] = []
    at = 0
    for _, start, end in places:
        parts += text[at:start], BARRIER * (end - start)
        at = end
    return "".join(parts) + text[at:]


def barrier(found: re.Match[str]) -> str:
    """Walls of the same length."""
    return BARRIER * (found.end() - found.start())


@lru_cache(maxsize=8192)
def _seen(odd: str) -> str:
    """What a reader sees: nothing, one character, or the same as it is written."""
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
    # Also the faces of emoji, the box of a keycap, and marks that strike a digit through.
    if category in _UNSEEN and not odd.isspace():
        return ""
    if "\ufe00" <= odd <= "\ufe0f" or odd == "\u20e3" or "\u0300" <= odd <= "\u036f":
        return ""
    if odd.isspace():
        return "\n" if odd in "\n\r\u2028\u2029\x85" else " "
    digit = unicodedata.decimal(odd, None)
    if digit is not None:
        return str(digit)
    once = odd.translate(_PLAIN_FORMS)
    folded = unicodedata.normalize("NFKC", once)
    return folded.translate(_PLAIN_FORMS) if len(folded) == 1 else once
