"""The forms in which words are compared: without case, and with or without their diacritics.

A text is first prepared and then folded character by character. Preparing keeps the length of a text, so that a
place in the prepared text is the same place in the text that was given. Folding does not keep the length, and
`words.py` finds the way back from it.
"""

import re
import unicodedata
from functools import lru_cache, partial
from html import unescape

from pipeline.enrich.listening.characters import (
    APOSTROPHES,
    DIACRITIC,
    HANGUL,
    HANGUL_LETTER,
    INNER_APOSTROPHE,
    MASKED_CHARACTER,
    CharacterTable,
    Kind,
    folded_letters,
    kind_of,
)
from pipeline.enrich.text.lexical import ENTITY

_WORD_STARTS, _WORD_ENDS, _JOINS_BEFORE = "\x05", "\x04", "\x03"
"""Marks around a character of a script without blanks, and before its vowel sign. No prepared text holds any of
them, because control characters are blanks."""
_HANGUL_BORDER = re.compile(f"(?<=[{HANGUL}])(?=[^ {HANGUL}])|(?<=[^ {HANGUL}])(?=[{HANGUL}])")
_APOSTROPHE_OF_NOT = re.compile(f"(?<=[nN])[{APOSTROPHES}](?=\xad*[tT](?!\\w))")
"""The apostrophe of "won't" and "can't": whoever listens for "won" does not mean them. Any other apostrophe parts
two words, as in "Acme's"."""
_LOOSE_UNDERSCORES = re.compile(r"(?<!\w)_+|(?<!_)_+(?!\w)")
"""Underscores that are not inside a name: emphasis, as in "_really_"."""
_MASKED = re.compile("··+")
"""How the words of a masked post are given (`signals.py`). A single middle dot is a letter of Catalan."""
_PADDING = "\xad"
"""A soft hyphen counts as nothing. It keeps a decoded entity as long as it was."""
_OWN_LETTERS = frozenset("йїўѓќ")
"""Letters of the Cyrillic alphabets in their own right. The letter ё is not among them, since most people write
е."""
_WITHOUT_HAMZA = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا"}
_WITHOUT_STROKE = {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe"}
"""Letters that Unicode does not take apart."""
_GENDERS = re.compile("\u200d[♀♂]")


def prepare(text: str) -> str:
    """Returns a text of the same length with its entities decoded and the apostrophe of "not" as a letter.

    Each masked character becomes `MASKED_CHARACTER`, and underscores that only stress a word become blanks.
    """
    if INNER_APOSTROPHE in text or MASKED_CHARACTER in text:
        text = text.replace(INNER_APOSTROPHE, " ").replace(MASKED_CHARACTER, " ")
    if "··" in text:
        text = _MASKED.sub(lambda dots: MASKED_CHARACTER * len(dots[0]), text)
    if "&" in text:
        text = ENTITY.sub(_decoded, text)
    if ("t" in text or "T" in text) and _has_apostrophe(text):
        text = _APOSTROPHE_OF_NOT.sub(INNER_APOSTROPHE, text)
    return _LOOSE_UNDERSCORES.sub(_blanks, text) if "_" in text else text


def bare(text: str) -> str:
    """Returns the words of a prepared text without case and diacritics, with one blank between two of them."""
    return _canonical(text, _BARE)


def exact(text: str) -> str:
    """Returns the words of a prepared text without case, but with their diacritics."""
    return _canonical(text, _EXACT)


def has_diacritics(text: str) -> bool:
    """Returns whether a prepared text is spelled with diacritics."""
    return bare(text) != exact(text)


@lru_cache(maxsize=8192)
def joined(name: str) -> str:
    """Returns the name of a hashtag or mention as one word, `bare`."""
    return bare(name).replace(" ", "")


def name_with_dots(name: str) -> str:
    """Returns the name of a mention with the dots inside it, `bare`."""
    return "".join(part if part in ".-@" else joined(part) for part in re.split(r"([.\-@])", name))


@lru_cache(maxsize=4096)
def fold_mark(mark: str) -> str:
    """Returns an emoji or a mark without skin tone, gender and variation selector."""
    shown = "".join(sign for sign in mark if kind_of(sign) not in (Kind.INVISIBLE, Kind.DIACRITIC))
    plain = _GENDERS.sub("", shown).strip("\u200d")
    return unicodedata.normalize("NFKC", plain).replace(" ", "") or plain


def _has_apostrophe(text: str) -> bool:
    return any(sign in text for sign in APOSTROPHES)


def _decoded(entity: re.Match[str]) -> str:
    character = unescape("&" + entity[1])
    return character.ljust(len(entity[0]), _PADDING) if len(character) == 1 else entity[0]


def _blanks(underscores: re.Match[str]) -> str:
    return " " * len(underscores[0])


def _canonical(text: str, table: CharacterTable) -> str:
    if text.isascii():
        return " ".join(text.translate(table).split())
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    folded = text.translate(table)
    if _WORD_STARTS in folded or _JOINS_BEFORE in folded:
        # A vowel sign behind a character of its script joins it; one behind anything else is a word of its own.
        folded = folded.replace(_WORD_ENDS + _JOINS_BEFORE, "")
        for mark in (_JOINS_BEFORE, _WORD_STARTS, _WORD_ENDS):
            folded = folded.replace(mark, " ")
    if HANGUL_LETTER.search(folded):
        folded = _HANGUL_BORDER.sub(" ", folded)
    if not unicodedata.is_normalized("NFC", folded):  # half-width kana and their voice marks meet only now
        folded = unicodedata.normalize("NFC", folded)
    return " ".join(folded.split())


def _comparable(character: str, *, diacritics: bool) -> str:
    kind = kind_of(character)
    if kind in (Kind.INVISIBLE, Kind.ZERO_WIDTH_JOINER):
        return ""
    if kind is Kind.DIACRITIC:
        return character if diacritics and DIACRITIC.match(character) else ""
    if kind not in (Kind.LETTER, Kind.HANGUL, Kind.UNSPACED, Kind.VOWEL_SIGN):
        return " "
    if character in (INNER_APOSTROPHE, MASKED_CHARACTER, "_"):
        return character
    letters = folded_letters(character)
    if not diacritics:
        letters = _without_diacritics(letters)
    if kind is Kind.VOWEL_SIGN:
        return _JOINS_BEFORE + letters + _WORD_ENDS
    return _WORD_STARTS + letters + _WORD_ENDS if kind is Kind.UNSPACED else letters


def _without_diacritics(letters: str) -> str:
    plain_letters = []
    for letter in letters:
        if letter in _OWN_LETTERS:
            plain_letters.append(letter)
        elif letter in _WITHOUT_HAMZA:
            plain_letters.append(_WITHOUT_HAMZA[letter])
        else:
            plain = DIACRITIC.sub("", unicodedata.normalize("NFD", letter)) if letter not in "ؤئ" else letter
            plain_letters += [_WITHOUT_STROKE.get(part, part) for part in plain]
    return unicodedata.normalize("NFC", "".join(plain_letters))


_BARE = CharacterTable(partial(_comparable, diacritics=False))
_EXACT = CharacterTable(partial(_comparable, diacritics=True))
