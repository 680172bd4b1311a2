"""A text as words: a single string that an automaton can search, and the way back to the place of each word.

A word is a run of letters, digits and marks; an apostrophe parts words, but not in "won't". In scripts without
blanks each character is a word, so that a term is found anywhere. Hangul and other letters that touch are two
words ("Acme가"). What each character counts as stands in `characters.py`, and how words are spelled for comparison
in `spelling.py`. Nothing here knows what is looked for (`queries.py`, `topics.py`).

Every character is folded by itself. The n-th word of the folded string is therefore the n-th word of the text, and
a word's number is all that is needed to find its place.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from pipeline.enrich.listening.characters import CharacterTable, Kind, kind_of
from pipeline.enrich.listening.spelling import bare, exact, fold_mark, joined, name_with_dots, prepare

_QUICKLY_COUNTED = 2_000
"""Characters up to which counting blanks is quicker than listing them; posts are shorter, articles are not."""
_MAX_TAG_CHARS = 200
"""A longer hashtag or mention is ignored. Networks allow at most 140 characters, and a whole post behind a # is no
hashtag."""

_KINDS = CharacterTable(kind_of)


def _any_of(*kinds: Kind) -> str:
    """Returns a pattern for one character of any of these kinds."""
    return f"[{''.join(kinds)}]"


_UNSEEN = _any_of(Kind.INVISIBLE, Kind.ZERO_WIDTH_JOINER)
_SPACED_WORD = f"{Kind.LETTER}(?:{_UNSEEN}*{_any_of(Kind.LETTER, Kind.DIACRITIC)})*"
_HANGUL_WORD = f"{Kind.HANGUL}(?:{_UNSEEN}*{_any_of(Kind.HANGUL, Kind.DIACRITIC)})*"
_UNSPACED_WORD = (
    f"{_any_of(Kind.UNSPACED, Kind.VOWEL_SIGN)}"
    f"(?:{_any_of(Kind.DIACRITIC, Kind.INVISIBLE, Kind.ZERO_WIDTH_JOINER)}*{Kind.VOWEL_SIGN})*"
)
_WORD = re.compile(f"{_SPACED_WORD}|{_HANGUL_WORD}|{_UNSPACED_WORD}")
"""Finds in a string of kinds where a word stands. Each repetition ends with a character that counts, so that a
word never ends with something that nobody sees."""
_ASCII_WORD = re.compile(f"{Kind.LETTER}+")
"""The same for a text of ASCII characters, which has no letters of any other kind."""

_NAMING = (Kind.LETTER, Kind.HANGUL, Kind.UNSPACED, Kind.VOWEL_SIGN)
_NAME = re.compile(
    f"{_any_of(*_NAMING)}"
    f"(?:{_any_of(*_NAMING, Kind.DIACRITIC, Kind.INVISIBLE, Kind.ZERO_WIDTH_JOINER)}*"
    f"{_any_of(*_NAMING, Kind.DIACRITIC)})?"
)
"""The name that follows a # or @ consists of words of any script without anything between them."""

_FACE = f"{_any_of(Kind.INVISIBLE, Kind.DIACRITIC)}*"
_FLAG = f"{Kind.FLAG_LETTER}{Kind.FLAG_LETTER}"
_EMOJI_OR_MARK = (
    f"{_any_of(Kind.FLAG_LETTER, Kind.SIGN, Kind.HASH, Kind.AT)}{_FACE}"
    f"(?:{Kind.ZERO_WIDTH_JOINER}{Kind.SIGN}{_FACE})*"
)
_TOKEN = re.compile(f"(?P<word>{_WORD.pattern})|(?P<mark>{_FLAG}|{_EMOJI_OR_MARK})")

_HASH, _AT = Kind.HASH.value, Kind.AT.value
_TOUCHING = Kind.LETTER + Kind.HANGUL
"""Kinds after which a # or @ begins no name: "C#" and "issue#5" hold no hashtag, an e-mail address mentions
nobody."""


class Place(NamedTuple):
    """Start inclusive, end exclusive, in characters of the text that was given."""

    start: int
    end: int


class Tag(NamedTuple):
    """A hashtag or mention as it can be looked for."""

    name: str
    """The folded name as one word, with its sign."""
    place: Place


class Words:
    """The words of one text. Everything but `bare` is worked out when somebody asks for it."""

    def __init__(self, text: str) -> None:
        self.prepared = prepare(text)
        self.bare = bare(self.prepared)

    @cached_property
    def kinds(self) -> str:
        """The `Kind` of each character of the text, as a string of the same length."""
        return self.prepared.translate(_KINDS)

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Start and end of each word of `bare`, in order."""
        pattern = _ASCII_WORD if self.prepared.isascii() else _WORD
        return [word.span() for word in pattern.finditer(self.kinds)]

    def number_at(self, position: int) -> int:
        """Returns the number, from 0, of the word that begins at this position of `bare`."""
        if len(self.bare) <= _QUICKLY_COUNTED:
            return self.bare.count(" ", 0, position)
        return bisect_left(self._starts, position)

    def number_of(self, place: Place) -> int:
        """Returns the number of the word at a place of the text, or of the first word behind it."""
        return bisect_left(self.places, (place.start, 0))

    @property
    def has_signs(self) -> bool:
        """Whether the text may hold hashtags or mentions."""
        text = self.prepared
        return "#" in text or "@" in text or "＃" in text or "＠" in text

    @cached_property
    def tags(self) -> list[Tag]:
        """The hashtags, then the mentions. A name with dots is listed twice, up to its first dot and whole."""
        return [*self._hashtags(), *self._mentions()]

    @cached_property
    def marks(self) -> list[Tag]:
        """Words with their signs, emoji, and the marks of which names are made, in order."""
        signed = {tag.place.start: tag for tag in reversed(self.tags)}  # of two at one place the shorter
        marks, position = [], 0
        while (token := _TOKEN.search(self.kinds, position)) is not None:
            start, position = token.span()
            if start in signed:
                marks.append(signed[start])
                position = signed[start].place.end
            else:
                fold = fold_mark if token.lastgroup == "mark" else bare
                marks.append(Tag(fold(self.prepared[start:position]), Place(start, position)))
        return marks

    def spelled(self, place: Place) -> str:
        """Returns what stands at a place, `exact`."""
        return exact(self.prepared[place.start : place.end])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(blank.end() for blank in re.finditer(" ", self.bare))]

    def _hashtags(self) -> Iterator[Tag]:
        kinds, last_end = self.kinds, -1
        start = kinds.find(_HASH)
        while start >= 0:
            name = _NAME.match(kinds, start + 1)
            # The second sign of "#a#b" touches a letter too, but that letter ends a hashtag.
            if name is not None and (start in (0, last_end) or kinds[start - 1] not in _TOUCHING):
                last_end = name.end()
                yield from self._tag(start, last_end)
            start = kinds.find(_HASH, start + 1)

    def _mentions(self) -> Iterator[Tag]:
        kinds = self.kinds
        start = kinds.find(_AT)
        while start >= 0:
            name = _NAME.match(kinds, start + 1)
            if name is not None and (start == 0 or kinds[start - 1] not in _TOUCHING):
                yield from self._tag(start, name.end())
                if (end := self._end_of_dotted_name(name.end())) > name.end():
                    yield Tag(f"@{name_with_dots(self.prepared[start + 1 : end])}", Place(start, end))
            start = kinds.find(_AT, start + 1)

    def _tag(self, start: int, end: int) -> Iterator[Tag]:
        if end - start <= _MAX_TAG_CHARS:
            yield Tag(self.kinds[start] + joined(self.prepared[start + 1 : end]), Place(start, end))

    def _end_of_dotted_name(self, end: int) -> int:
        """Returns where a name with dots ends ("@acme.care", "@acme@social.example"); a dot never ends it."""
        while end < len(self.prepared) and self.prepared[end] in ".-@":
            part = _NAME.match(self.kinds, end + 1)
            if part is None or part.end() - end > _MAX_TAG_CHARS:
                break
            end = part.end()
        return end
