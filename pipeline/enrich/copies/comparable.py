"""Brings posts to the form in which two of them are compared, without what people change when they copy a text.

It takes title and text of a post with personal data masked, and returns its words in a single line. `clusters.py`
compares them. The models read other forms (`normalise.py`, `language.py`).
"""

import re
import unicodedata

from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.enrich.text.lexical import LINK_OR_DOTTED_NAME, decode_entities

MIN_CHARACTERS = 20
"""Texts with fewer characters are not compared. Otherwise all posts that say "thank you!" would be a cluster."""
_MAX_REMEMBERED = 20_000
"""Most characters whose replacement is remembered. All of Unicode would take 100 MB."""

_REPOST_PREFIX = re.compile(r"^\s*(?:RT\b[\s:]*@+\w+[\s:]*)+", re.IGNORECASE)
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_NOT_ASCII_WORDS = re.compile(r"[^a-z0-9]+")
_NO_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")


class _Replacements(dict[int, str]):
    """Code point to what stands for it: itself (letters, digits, marks of letters), nothing, or a blank."""

    def __missing__(self, code: int) -> str:
        replacement = self[code] = _replacement(chr(code))
        if len(self) > _MAX_REMEMBERED:
            self.clear()
        return replacement


def _replacement(character: str) -> str:
    # Joiners and the marks that give emoji their face leave no gap. A blank would part the letters around them.
    category = unicodedata.category(character)
    if category in ("Cf", "Me") or "\ufe00" <= character <= "\ufe0f":
        return ""
    return character if category[0] in "LMN" else " "


_REPLACEMENTS = _Replacements()


def comparable(text: str) -> str:
    """Returns the words of a text, case-folded and with a single blank between them; empty without words.

    It drops the prefix of a repost ("RT @name:"), links, @names, punctuation, #, emoji and characters without a
    glyph. Markup is decoded, and Unicode forms become the same (NFKC of Unicode Standard Annex 15). A second
    call changes nothing.
    """
    text = decode_entities(text[:MAX_SIGNAL_CHARS])
    # Apostrophes go before NFKC, which makes two characters of some of them: "don't" is "dont".
    text = text.translate(_NO_APOSTROPHES)
    # NFKC comes before names and links are dropped, because a full-width @ is an @.
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _KEYCAP.sub(" ", text))
    text = LINK_OR_DOTTED_NAME.sub(" ", _REPOST_PREFIX.sub("", text))
    if text.isascii():
        return _NOT_ASCII_WORDS.sub(" ", text.lower()).strip()
    folded = unicodedata.normalize("NFKC", text.casefold())  # folding can bring decomposed letters back
    return " ".join(folded.translate(_REPLACEMENTS).split())
