"""What each character of a text counts as when words are looked for, and the letters by which it is compared.

A character is judged by itself, whatever stands beside it, and it is judged once: `CharacterTable` keeps the
answer, so that a text costs one look-up a character. `words.py` reads the kinds, `spelling.py` reads the letters.

| kind | example | because |
|---|---|---|
| `LETTER` | a, é, 7, _ | letters, digits and underscores make the words of most scripts |
| `HANGUL` | 가 | Korean letters make words too, which end where those of another script begin |
| `UNSPACED` | 火, カ, ก | scripts without blanks: each character is a word |
| `VOWEL_SIGN` | ั (Thai) | a mark of such a script belongs to the character before it |
| `DIACRITIC` | ́ (combining acute) | a mark inside a word, which counts as nothing |
| `INVISIBLE` | soft hyphen, 🏽 | format characters, skin tones and variation selectors count as nothing |
| `ZERO_WIDTH_JOINER` | U+200D | it makes one emoji of two, and counts as nothing inside a word |
| `FLAG_LETTER` | 🇩 | two of them are a flag |
| `SIGN` | 🔥, +, & | emoji, symbols and the punctuation of which names are made |
| `HASH`, `AT` | #, ＠ | they begin a hashtag or a mention |
| `BLANK` | space, comma, line break | everything else parts words |
"""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum


class Kind(StrEnum):
    """What a character counts as; the letters are only the names of the kinds inside regular expressions."""

    LETTER = "w"
    HANGUL = "h"
    UNSPACED = "u"
    VOWEL_SIGN = "n"
    DIACRITIC = "d"
    INVISIBLE = "f"
    ZERO_WIDTH_JOINER = "j"
    FLAG_LETTER = "r"
    SIGN = "s"
    HASH = "#"
    AT = "@"
    BLANK = " "


INNER_APOSTROPHE = "\x06"
"""Stands in "won't" for the apostrophe, which belongs to the word there."""
MASKED_CHARACTER = "\x02"
"""Stands for a masked character. It is a word that nobody looks for, so that no phrase matches across masked
data."""

APOSTROPHES = "'’ʼ‘`´＇"
UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "]"
)
"""Scripts that are written without blanks, where a word has no visible borders."""
HANGUL = "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"
HANGUL_LETTER = re.compile(f"[{HANGUL}]")
DIACRITIC = re.compile("[\u0300-\u036f\u0483-\u0487\u0653-\u0655\u1ab0-\u1aff\u1dc0-\u1dff]")

_POINTING = re.compile(
    "["
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew
    "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"  # Arabic
    "\u0711\u0730-\u074a"  # Syriac
    "\u0640"  # Arabic stretching
    "\u20d0-\u20ff\ufe20-\ufe2f"  # around symbols, such as the key of a key cap
    "\U0001d165-\U0001d1ad"  # of musical notes
    "]"
)
"""Vowel points and ornaments. No spelling depends on them, so that they never count."""
_FACES = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
"""Variation selectors and skin tones, which show the same emoji with another face."""
_FIRST_FLAG_LETTER, _LAST_FLAG_LETTER = "\U0001f1e6", "\U0001f1ff"
_SIGNIFICANT = frozenset("&%#@＆％＃＠")
"""Punctuation of which names are made. All other punctuation may stand between words, or not."""
_DOTTED_I = {"i\u0307": "i", "ı": "i"}
"""Case folding makes these of the Turkish İ and I, and upper case loses the difference between them."""


def kind_of(character: str) -> Kind:
    """Returns what a character counts as."""
    if character in "#＃":
        return Kind.HASH
    if character in "@＠":
        return Kind.AT
    if character in (INNER_APOSTROPHE, MASKED_CHARACTER, "_"):
        return Kind.LETTER
    if character == "\u200d":
        return Kind.ZERO_WIDTH_JOINER
    if _POINTING.match(character) or DIACRITIC.match(character):
        return Kind.DIACRITIC
    category = unicodedata.category(character)
    if category == "Cf" or _FACES.match(character):
        return Kind.INVISIBLE
    if _FIRST_FLAG_LETTER <= character <= _LAST_FLAG_LETTER:
        return Kind.FLAG_LETTER
    is_apostrophe = character in APOSTROPHES  # some of them are letters or symbols to Unicode
    if category[0] in "LNM" and not is_apostrophe:
        return _kind_of_letter(character)
    is_sign = (category[0] == "S" and not is_apostrophe) or character in _SIGNIFICANT
    return Kind.SIGN if is_sign else Kind.BLANK


def folded_letters(character: str) -> str:
    """Returns the letters, digits and marks by which a character is compared: without case, "ﬁ" as "fi"."""
    once = unicodedata.normalize("NFKC", character).casefold()
    folded = unicodedata.normalize("NFKC", once)  # folding can bring decomposed letters back
    letters = _POINTING.sub("", _DOTTED_I.get(folded, folded))
    return "".join(letter for letter in letters if unicodedata.category(letter)[0] in "LNM")


class CharacterTable(dict[int, str]):
    """A table for `str.translate` that fills as characters come.

    Args:
        replacement: returns what stands for a character.
    """

    def __init__(self, replacement: Callable[[str], str]) -> None:
        super().__init__()
        self._replacement = replacement

    def __missing__(self, code: int) -> str:
        value = self[code] = self._replacement(chr(code))
        return value


def _kind_of_letter(character: str) -> Kind:
    letters = folded_letters(character)
    if not letters:
        return Kind.DIACRITIC  # nothing but vowel points, in the form that fonts use
    if UNSPACED.match(letters):
        return Kind.VOWEL_SIGN if unicodedata.category(letters[0])[0] == "M" else Kind.UNSPACED
    return Kind.HANGUL if HANGUL_LETTER.match(letters) else Kind.LETTER
