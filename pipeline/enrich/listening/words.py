"""A text as words: one string that an automaton can search, and the way back to where each word stands.

In: a text as the platform gave it. Out: `Words`. Never here: what is looked for (`queries.py`, `topics.py`).

A word is a run of letters, digits and marks; an apostrophe parts words, but not in "won't". In scripts without
blanks each character is a word, so that what is looked for is found anywhere. Hangul and other letters that touch
are two words ("Acme가"). Every character is folded by itself, through a table that fills as characters come: no
text costs more than one look-up a character, and a word's number is all that is needed to find its place.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, partial
from html import unescape
from typing import NamedTuple

from pipeline.enrich.text.lexical import ENTITY

JOINER = "\x06"
"""Stands in "won't" for the apostrophe, which there belongs to the word."""
_WALL = "\x02"
"""A word that nobody looks for: stands for masked personal data, so that no phrase is found across it."""
_OPEN, _CLOSE, _MARK = "\x05", "\x04", "\x03"
"""Around a character of a script without blanks, and before its vowel sign. No text holds any of the five: control
characters are blanks."""

_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "]"
)
"""Scripts that are written without blanks: there a word has no visible borders."""
_HANGUL = "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"
_WITHOUT_CASE = re.compile(f"{_UNSPACED.pattern}|[{_HANGUL}]")
_HANGUL_LETTER = re.compile(f"[{_HANGUL}]")
_HANGUL_BORDER = re.compile(f"(?<=[{_HANGUL}])(?=[^ {_HANGUL}])|(?<=[^ {_HANGUL}])(?=[{_HANGUL}])")

_APOSTROPHES = "'’ʼ‘`´＇"
_APOSTROPHE_OF_NOT = re.compile(f"(?<=[nN])[{_APOSTROPHES}](?=\xad*[tT](?!\\w))")
"""Of "won't" and "can't": who listens for "won" does not mean them. Any other apostrophe parts: "Acme's"."""
_LOOSE_UNDERSCORES = re.compile(r"(?<!\w)_+|(?<!_)_+(?!\w)")
"""Not inside a name: emphasis, as in "_really_"."""
_MASKED = re.compile("··+")
"""How the words of a masked post are given (`signals.py`); one alone is a letter of Catalan."""
_PADDING = "\xad"
"""A soft hyphen counts as nothing: it keeps a decoded entity as long as it was."""

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
"""Vowel points and ornaments: no spelling goes with or without them, so they never count."""
_DIACRITIC = re.compile("[\u0300-\u036f\u0483-\u0487\u0653-\u0655\u1ab0-\u1aff\u1dc0-\u1dff]")
_OWN_LETTERS = frozenset("йїўѓќ")
"""Letters of the Cyrillic alphabets, not letters with diacritics; ё is one, since most write е."""
_WITHOUT_HAMZA = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا"}
_WITHOUT_STROKE = {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe"}
"""Unicode does not take these apart."""
_DOTTED_I = {"i\u0307": "i", "ı": "i"}
"""Turkish: case folding makes İ and I of it, and upper case loses the difference."""
_FACES = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
"""Variation selectors and skin tones: the same emoji with another face."""
_GENDERS = re.compile("\u200d[♀♂]")
_SIGNIFICANT = frozenset("&%#@＆％＃＠")
"""Punctuation that names are made of; all other punctuation may stand between words, or not."""
_QUICKLY_COUNTED = 2_000
"""Characters up to which counting blanks is quicker than listing them; posts are shorter, articles are not."""
_LONGEST_TAG = 200
"""Networks allow at most 140 characters; a whole post behind a # is none."""
_MOST_PARTS = 6
"""Neighbouring parts of a hashtag that are joined: "#YouTubeMusicIsDownAgain" has six."""


class Place(NamedTuple):
    """Start inclusive, end exclusive, in characters of the text that was given."""

    start: int
    end: int


class Tag(NamedTuple):
    """A hashtag or mention as it can be looked for."""

    name: str
    """Folded, joined, with its sign."""
    place: Place


def bare(text: str) -> str:
    """Words without case and diacritics, parted by single blanks; of a text that is prepared (`prepare`)."""
    return _canonical(text, _BARE)


def exact(text: str) -> str:
    """Words without case, but with their diacritics."""
    return _canonical(text, _EXACT)


def prepare(text: str) -> str:
    """The same text, as long as it was: entities decoded, the apostrophe of "not" joined, no loose underscores."""
    if JOINER in text or _WALL in text:
        text = text.replace(JOINER, " ").replace(_WALL, " ")
    if "··" in text:
        text = _MASKED.sub(lambda found: _WALL * len(found[0]), text)
    if "&" in text:
        text = ENTITY.sub(_decoded, text)
    if ("t" in text or "T" in text) and _has_apostrophe(text):
        text = _APOSTROPHE_OF_NOT.sub(JOINER, text)
    return _LOOSE_UNDERSCORES.sub(_blanks, text) if "_" in text else text


class Words:
    """The words of one text; everything but `bare` is found out only when it is asked for."""

    def __init__(self, text: str) -> None:
        self.prepared = prepare(text)
        self.bare = bare(self.prepared)

    @cached_property
    def shape(self) -> str:
        """The kind of each character of the text, one letter each; see `_kind`."""
        return self.prepared.translate(_SHAPE)

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Start and end of each word of `bare`, in order."""
        words = _PLAIN_WORD if self.prepared.isascii() else _WORD
        return [found.span() for found in words.finditer(self.shape)]

    def number_at(self, position: int) -> int:
        """The number of the word that begins at this position of `bare`, from 0."""
        if len(self.bare) <= _QUICKLY_COUNTED:
            return self.bare.count(" ", 0, position)
        return bisect_left(self._starts, position)

    def number_of(self, place: Place) -> int:
        """The number of the word at, or else the first one behind, a place of the text."""
        return bisect_left(self.places, (place.start, 0))

    @property
    def has_signs(self) -> bool:
        """Whether there may be hashtags or mentions."""
        text = self.prepared
        return "#" in text or "@" in text or "＃" in text or "＠" in text

    @cached_property
    def tags(self) -> list[Tag]:
        """Its hashtags, then its mentions; a name with dots both up to its first dot and whole."""
        return [*self._hashtags(), *self._mentions()]

    @cached_property
    def marks(self) -> list[Tag]:
        """Words with their signs, emoji, and the marks that names are made of, in order."""
        signed = {tag.place.start: tag for tag in reversed(self.tags)}  # of two at one place the shorter
        found, at = [], 0
        while (token := _TOKEN.search(self.shape, at)) is not None:
            start, at = token.span()
            if start in signed:
                found.append(signed[start])
                at = signed[start].place.end
            else:
                fold = fold_mark if token.lastgroup == "mark" else bare
                found.append(Tag(fold(self.prepared[start:at]), Place(start, at)))
        return found

    def spelled(self, place: Place) -> str:
        """What stands at a place, `exact`."""
        return exact(self.prepared[place.start : place.end])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer(" ", self.bare))]

    def _hashtags(self) -> Iterator[Tag]:
        shape, before = self.shape, -1
        start = shape.find("#")
        while start >= 0:
            body = _BODY.match(shape, start + 1)
            # "#a#b" is two of them; "C#" and "issue#5" are none.
            if body is not None and (start == 0 or start == before or shape[start - 1] not in "wh"):
                before = body.end()
                yield from self._tag(start, before)
            start = shape.find("#", start + 1)

    def _mentions(self) -> Iterator[Tag]:
        shape = self.shape
        start = shape.find("@")
        while start >= 0:
            body = _BODY.match(shape, start + 1)
            # An e-mail address mentions nobody.
            if body is not None and (start == 0 or shape[start - 1] not in "wh"):
                yield from self._tag(start, body.end())
                if (longer := self._end_of_name(body.end())) > body.end():
                    yield Tag(f"@{name_with_dots(self.prepared[start + 1 : longer])}", Place(start, longer))
            start = shape.find("@", start + 1)

    def _tag(self, start: int, end: int) -> Iterator[Tag]:
        if end - start <= _LONGEST_TAG:
            yield Tag(self.shape[start] + joined(self.prepared[start + 1 : end]), Place(start, end))

    def _end_of_name(self, end: int) -> int:
        """Names of several networks have dots ("@acme.care", "@acme@social.example"), but do not end with one."""
        while end < len(self.prepared) and self.prepared[end] in ".-@":
            more = _BODY.match(self.shape, end + 1)
            if more is None or more.end() - end > _LONGEST_TAG:
                break
            end = more.end()
        return end


@lru_cache(maxsize=8192)
def joined(name: str) -> str:
    """The body of a hashtag or mention in one word, `bare`."""
    return bare(name).replace(" ", "")


def name_with_dots(name: str) -> str:
    """The body of a mention with the dots inside it, `bare`."""
    return "".join(part if part in ".-@" else joined(part) for part in re.split(r"([.\-@])", name))


@lru_cache(maxsize=8192)
def tag_parts(name: str) -> tuple[Tag, ...]:
    """What a hashtag may have been glued of: every run of its parts, the whole one first.

    Args:
        name: as written, without its sign. It is cut where case or kind changes and at underscores:
            "YouTubeDown" gives youtubedown, you, youtube, tube, tubedown, down.

    Returns:
        each with its place in `name`.
    """
    cuts = [0, *(at for at in range(1, len(name)) if _is_cut(name, at)), len(name)]
    runs = [(0, len(name))]
    for first, start in enumerate(cuts[:-1]):
        runs += [(start, end) for end in cuts[first + 1 : first + 1 + _MOST_PARTS]]
    trimmed = [_trimmed(name, start, end) for start, end in dict.fromkeys(runs)]
    return tuple(
        Tag(joined(name[start:end].replace("_", "")), Place(start, end))
        for start, end in dict.fromkeys(trimmed)
        if start < end
    )


@lru_cache(maxsize=4096)
def fold_mark(mark: str) -> str:
    """One emoji or mark without skin tone, gender and variation selector."""
    shown = "".join(one for one in mark if one == "\u200d" or _kind(one) not in "fd")
    plain = _GENDERS.sub("", shown).strip("\u200d")
    return unicodedata.normalize("NFKC", plain).replace(" ", "") or plain


def has_diacritics(text: str) -> bool:
    """Whether a prepared text is spelled with diacritics."""
    return bare(text) != exact(text)


def _trimmed(name: str, start: int, end: int) -> tuple[int, int]:
    while start < end and name[start] == "_":
        start += 1
    while start < end and name[end - 1] == "_":
        end -= 1
    return start, end


def _is_cut(name: str, at: int) -> bool:
    before, here = name[at - 1], name[at]
    if before == "_" or here == "_":
        return True
    if (_WITHOUT_CASE.match(before) is None) != (_WITHOUT_CASE.match(here) is None):
        return True
    if here.isdecimal() != before.isdecimal():
        return True
    if before.islower() and here.isupper():
        return at > 1  # "iPhone" and "eBay" are one word
    # "NHSDown": the last capital belongs to the next word.
    return before.isupper() and here.isupper() and name[at + 1 : at + 2].islower()


def _has_apostrophe(text: str) -> bool:
    return any(sign in text for sign in _APOSTROPHES)


def _decoded(found: re.Match[str]) -> str:
    character = unescape("&" + found[1])
    return character.ljust(len(found[0]), _PADDING) if len(character) == 1 else found[0]


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _canonical(text: str, table: "_Table") -> str:
    if text.isascii():
        return " ".join(text.translate(table).split())
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    folded = text.translate(table)
    if _OPEN in folded or _MARK in folded:
        folded = folded.replace(_CLOSE + _MARK, "").replace(_MARK, " ").replace(_OPEN, " ").replace(_CLOSE, " ")
    if _HANGUL_LETTER.search(folded):
        folded = _HANGUL_BORDER.sub(" ", folded)
    if not unicodedata.is_normalized("NFC", folded):  # half-width kana and their voice marks meet only now
        folded = unicodedata.normalize("NFC", folded)
    return " ".join(folded.split())


def _kind(character: str) -> str:
    """One letter: w word, h Hangul, u unspaced, n mark of an unspaced one, d counts as nothing in a word,
    f counts as nothing, j zero-width joiner, r flag letter, s significant mark, # and @, else a blank.
    """
    if character in "#＃":
        return "#"
    if character in "@＠":
        return "@"
    if character in (JOINER, _WALL, "_"):
        return "w"
    if character == "\u200d":
        return "j"
    if _POINTING.match(character) or _DIACRITIC.match(character):
        return "d"
    category = unicodedata.category(character)
    if category == "Cf" or _FACES.match(character):
        return "f"
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return "r"
    if category[0] in "LNM" and character not in _APOSTROPHES:
        return _kind_of_letter(character)
    return "s" if (category[0] == "S" and character not in _APOSTROPHES) or character in _SIGNIFICANT else " "


def _kind_of_letter(character: str) -> str:
    folded = _letters(_folded(character))
    if not folded:
        return "d"  # nothing but vowel points, in the form that fonts use
    if _UNSPACED.match(folded):
        return "n" if unicodedata.category(folded[0])[0] == "M" else "u"
    return "h" if _HANGUL_LETTER.match(folded) else "w"


def _folded(character: str) -> str:
    once = unicodedata.normalize("NFKC", character).casefold()
    folded = unicodedata.normalize("NFKC", once)  # folding can bring decomposed letters back
    return _DOTTED_I.get(folded, folded)


def _letters(folded: str) -> str:
    return "".join(one for one in _POINTING.sub("", folded) if unicodedata.category(one)[0] in "LNM")


def _without_diacritics(folded: str) -> str:
    kept = []
    for letter in folded:
        if letter in _OWN_LETTERS:
            kept.append(letter)
        elif letter in _WITHOUT_HAMZA:
            kept.append(_WITHOUT_HAMZA[letter])
        else:
            plain = _DIACRITIC.sub("", unicodedata.normalize("NFD", letter)) if letter not in "ؤئ" else letter
            kept += [_WITHOUT_STROKE.get(one, one) for one in plain]
    return unicodedata.normalize("NFC", "".join(kept))


class _Table(dict[int, str]):
    """For `str.translate`: fills as characters come.

    Args:
        of: what stands for a character.
    """

    def __init__(self, of: Callable[[str], str]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, code: int) -> str:
        found = self[code] = self._of(chr(code))
        return found


def _comparable(character: str, *, diacritics: bool) -> str:
    kind = _kind(character)
    if kind in "fj":
        return ""
    if kind == "d":
        return character if diacritics and _DIACRITIC.match(character) else ""
    if kind not in "whun":
        return " "
    if character in (JOINER, _WALL, "_"):
        return character
    folded = _letters(_folded(character))
    if not diacritics:
        folded = _without_diacritics(folded)
    if kind == "n":
        return _MARK + folded + _CLOSE
    return _OPEN + folded + _CLOSE if kind == "u" else folded


_SHAPE = _Table(_kind)
_BARE = _Table(partial(_comparable, diacritics=False))
_EXACT = _Table(partial(_comparable, diacritics=True))

_BODY = re.compile("[whun](?:[whundfj]*[whund])?")
_PLAIN_WORD = re.compile("w+")
_WORD = re.compile("w(?:[fj]*[wd])*|h(?:[fj]*[hd])*|[un](?:[dfj]*n)*")
_TOKEN = re.compile(f"(?P<word>{_WORD.pattern})|(?P<mark>rr|[rs#@][fd]*(?:js[fd]*)*)")
