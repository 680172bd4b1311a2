"""Finds thousands of terms in a text at the cost of a single pass, by an Aho-Corasick automaton over all of them.

A `TermFinder` takes the terms (`queries.py`) once, then texts as `Words`, and returns which terms stand where.

The automaton searches a string that is made of four parts. What surrounds the words of a part tells it from the
others, so that no part of a word ever matches and nothing is searched twice:

| part | looks like | holds |
|---|---|---|
| words | ` my flight is late ` | words and phrases |
| signed | `#acme @acmecare ` | hashtags and mentions |
| glued | `\\x07acmedown \\x07acme \\x07down ` | what a hashtag was glued of |
| marks | `\\x1dat\\x1d&\\x1dt\\x1d` | emoji, and names with marks; only made when a term needs it |
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from pipeline.enrich.listening.hashtags import tag_parts
from pipeline.enrich.listening.queries import Term
from pipeline.enrich.listening.words import Place, Words

_GLUED, _MARK = "\x07", "\x1d"
"""Control characters, which no word holds."""

_FIRST_HANGUL, _LAST_HANGUL, _FINALS = 0xAC00, 0xD7A3, 28
"""The code of a Hangul syllable tells its final consonant as (code - first) % 28, where 0 stands for none
(Unicode 3.12)."""
_RIEUL = 8
_AFTER_ANY = (
    "의|에|에서|에게|에게서|한테|한테서|께|께서|하고|도|만|까지|부터|보다|처럼|마다|조차|마저|밖에|대로|만큼|뿐|님|씨|"
    "(?:입니|인데|인가|인지)\\S*|(?:하|해|했|할|합|한|함|되|돼|됐|된|될|됩|됨|시키|시켜|받|당하|당했)\\S*"
)
_AFTER_CONSONANT = "은|이|을|과|이랑|이나|이라도|(?:이에|이었|이네|이고|이며|이라|이야|이죠)\\S*"
_AFTER_VOWEL = "는|가|를|와|랑|나|라도|(?:예요|였|네요|라고|라는|란|야|죠)\\S*"
_MORE = "(?:은|는|도|만|의|요|까지|부터)?"
_PARTICLES = {
    final: re.compile(f"(?:{_AFTER_ANY}|{after}|{way}로|{way}로서|{way}로써){_MORE}")
    for final, after, way in (
        ("consonant", _AFTER_CONSONANT, "으"),
        ("rieul", _AFTER_CONSONANT, ""),
        ("vowel", _AFTER_VOWEL, ""),
    )
}
"""Korean particles and forms of to be, to do and to become, which stand joined to their noun. Which of them may
follow depends on the last letter of the noun, so that 차 (car) does not match in 차이 (difference)."""


_Match = tuple[int, int, int]
"""Number of the needle, and its start and end in the searched string."""


class _Needle(NamedTuple):
    """A string of the automaton."""

    part: str
    """Its first character, which names the part of the searched string it belongs to."""
    words: int
    """Number of its words."""
    stem: str
    """Its last word where particles may be joined to it, otherwise empty."""


class TermFinder:
    """Terms that are prepared once for many texts.

    Args:
        terms: results name a term by its number in this order.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._spellings = [term.spelling for term in terms]
        sharing: dict[str, list[int]] = {}
        for number, term in enumerate(terms):
            for needle in _needles(term):
                sharing.setdefault(needle, []).append(number)
        self._needles = [_Needle(*_described(needle)) for needle in sharing]
        # Terms of the same words may ask for different spellings.
        self._terms = [tuple(numbers) for numbers in sharing.values()]
        # 1.5 us a text at 5,000 patterns, against 1.7 as a DFA and 1.7 with pyahocorasick (104 characters a text).
        self._automaton = AhoCorasick(list(sharing), implementation=Implementation.ContiguousNFA)
        self._marks = _any_of(word for term in terms if term.kind == "marks" for word in term.words)

    def search(self, words: Words) -> "SearchResult":
        """Searches the text for all terms in a single pass, whatever their number."""
        searched = self._searched(words)
        by_term: dict[int, list[_Match]] = {}
        for match in self._automaton.find_matches_as_indexes(searched.text, overlapping=True):
            for term in self._terms[match[0]]:
                if term in by_term:
                    by_term[term].append(match)
                else:
                    by_term[term] = [match]
        return SearchResult(by_term, searched, self._needles, self._spellings)

    def _searched(self, words: Words) -> "_SearchedText":
        text, tags = f" {words.bare} ", {}
        if words.has_signs:
            parts = [text]
            length = len(text)
            for name, place in _names(words):
                tags[length] = place
                parts.append(name)
                length += len(name)
            text = "".join(parts)
        if self._marks is None or self._marks.search(words.prepared) is None:
            return _SearchedText(words, text, tags, {})
        names = [mark.name for mark in words.marks]
        starts = accumulate((len(name) + 1 for name in names), initial=len(text))
        marks = {start: number for number, start in enumerate(starts)}
        return _SearchedText(words, f"{text}{_MARK}{_MARK.join(names)}{_MARK}", tags, marks)


class SearchResult:
    """The terms that may stand in a text. Places and spelling are checked only for the terms that somebody
    needs."""

    def __init__(
        self,
        by_term: dict[int, list[_Match]],
        searched: "_SearchedText",
        needles: list[_Needle],
        spellings: list[str | None],
    ) -> None:
        self.terms = by_term.keys()
        """Numbers of the terms that matched. A term may turn out to have no place, for `places` checks its
        spelling."""
        self._by_term = by_term
        self._searched = searched
        self._needles = needles
        self._spellings = spellings

    def places(self, term: int) -> list[Place]:
        """Returns where the term stands in the text that was given, in no order and possibly twice."""
        spelling = self._spellings[term]
        places = []
        for number, start, end in self._by_term[term]:
            place = self._searched.place_of(self._needles[number], start, end)
            if place is not None and (spelling is None or self._searched.is_spelled(place, spelling)):
                places.append(place)
        return places


class _SearchedText(NamedTuple):
    """The string that the automaton searches, and the way back to the text."""

    words: Words
    text: str
    tags: dict[int, Place]
    """Position in the signed and glued parts to the place of the name that begins there."""
    marks: dict[int, int]
    """Position in the part of marks to the number of the mark that begins there."""

    def place_of(self, needle: _Needle, start: int, end: int) -> Place | None:
        """Returns where in the given text a match stands, or None where it is only part of a word."""
        if needle.part == " ":
            return self._place_of_words(needle, start, end)
        if needle.part != _MARK:
            return self.tags[start]
        marks, first = self.words.marks, self.marks[start]
        return Place(marks[first].place.start, marks[first + needle.words - 1].place.end)

    def is_spelled(self, place: Place, spelling: str) -> bool:
        """Returns whether the words stand there in that spelling."""
        spelled = self.words.spelled(place)
        return spelled == spelling or _glued(spelled) == _glued(spelling)

    def _place_of_words(self, needle: _Needle, start: int, end: int) -> Place | None:
        first, places = self.words.number_at(start), self.words.places
        last_start, last_end = places[first + needle.words - 1]
        if needle.stem:
            rest = self.text[end : self.text.index(" ", end)]
            if rest and not _are_particles(needle.stem, rest):
                return None
            # Syllables written letter by letter have another length. The particles then count as part of the
            # place, because nobody can tell where in the text they begin.
            if last_end - last_start == len(needle.stem) + len(rest):
                last_end -= len(rest)
        return Place(places[first][0], last_end)


def _needles(term: Term) -> Iterable[str]:
    if term.kind == "signed":
        yield f"{term.words[0]} "
    elif term.kind == "marks":
        yield f"{_MARK}{_MARK.join(term.words)}{_MARK}"
    else:
        phrase = " ".join(term.words)
        # A needle that ends with a Hangul syllable stays open, so that particles may follow.
        yield f" {phrase}" if _final_of(phrase[-1]) else f" {phrase} "
        yield f"{_GLUED}{_glued(phrase)} "


def _described(needle: str) -> tuple[str, int, str]:
    part = needle[0]
    if part == _MARK:
        return part, needle.count(_MARK) - 1, ""
    stem = "" if part != " " or needle[-1] == " " else needle.rpartition(" ")[2]
    return part, len(needle.split()), stem


def _names(words: Words) -> Iterable[tuple[str, Place]]:
    for tag in words.tags:
        yield f"{tag.name} ", tag.place
        if tag.name[0] == "#":
            body = tag.place.start + 1
            for part in tag_parts(words.prepared[body : tag.place.end]):
                yield f"{_GLUED}{part.name} ", Place(body + part.place.start, body + part.place.end)


@lru_cache(maxsize=8192)
def _are_particles(stem: str, rest: str) -> bool:
    final = _final_of(stem[-1])
    return final is not None and _PARTICLES[final].fullmatch(rest) is not None


def _final_of(letter: str) -> str | None:
    """Returns with what a Hangul syllable ends, or None for any other letter."""
    if not _FIRST_HANGUL <= ord(letter) <= _LAST_HANGUL:
        return None
    final = (ord(letter) - _FIRST_HANGUL) % _FINALS
    return "vowel" if final == 0 else "rieul" if final == _RIEUL else "consonant"


def _glued(words: str) -> str:
    return words.replace(" ", "").replace("_", "")


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    """Returns a pattern for the first characters of the words that are marks, in their full-width forms too."""
    marks = {word[0] for word in words if not word[0].isalnum()}
    if not marks:
        return None
    wide = {chr(ord(mark) + 0xFEE0) for mark in marks if "!" <= mark <= "~"}
    return re.compile(f"[{re.escape(''.join(sorted(marks | wide)))}]")
