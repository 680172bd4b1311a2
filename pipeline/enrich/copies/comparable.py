"""The form in which two posts are compared: what is left when a copy is dressed up.

In: title and text of a post, personal data masked. Out: its words in one line. Never here: the comparison
(`copies.py`), or the forms that the models read (`normalise.py`, `language.py`).
"""

import re
import unicodedata

from pipeline.enrich.text.bounds import MAX_SIGNAL_CHARS
from pipeline.enrich.text.lexical import LINK_OR_DOTTED_NAME, decode_entities

MIN_CHARACTERS = 20
"""Shorter texts are not compared: else every "thank you!" were one cluster (science.md 5)."""
_MAX_REMEMBERED = 20_000
"""Characters whose fate is remembered; all of Unicode would be 100 MB."""

_REPOST_PREFIX = re.compile(r"^\s*(?:RT\b[\s:]*@+\w+[\s:]*)+", re.IGNORECASE)
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_NOT_ASCII_WORDS = re.compile(r"[^a-z0-9]+")
_NO_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")


class _Fates(dict[int, str]):
    """Code point to what stands for it: itself (letters, digits, marks of letters), nothing, or a blank."""

    def __missing__(self, code: int) -> str:
        fate = self[code] = _fate(chr(code))
        if len(self) > _MAX_REMEMBERED:
            self.clear()
        return fate


def _fate(character: str) -> str:
    # Joiners and the marks that give emoji their face leave no gap.
    category = unicodedata.category(character)
    if category in ("Cf", "Me") or "\ufe00" <= character <= "\ufe0f":
        return ""
    return character if category[0] in "LMN" else " "


_FATES = _Fates()


def comparable(text: str) -> str:
    """The words of a text, case-folded, one blank between them; empty when there are none.

    Dropped are the prefix of a repost ("RT @name:"), links, @names, punctuation, #, emoji and characters without
    a glyph; Unicode forms are made one (NFKC), markup is decoded (science.md 5). Idempotent.
    """
    text = decode_entities(text[:MAX_SIGNAL_CHARS])
    text = text.translate(_NO_APOSTROPHES)  # "don't" is "dont"; before NFKC, which makes two of some of them
    # NFKC before names and links are looked for: a full-width @ is an @.
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _KEYCAP.sub(" ", text))
    text = LINK_OR_DOTTED_NAME.sub(" ", _REPOST_PREFIX.sub("", text))
    if text.isascii():
        return _NOT_ASCII_WORDS.sub(" ", text.lower()).strip()
    folded = unicodedata.normalize("NFKC", text.casefold())  # folding can bring decomposed letters back
    return " ".join(folded.translate(_FATES).split())
