"""Finds thousands of terms in a text at the cost of one pass: an Aho-Corasick automaton over all of them.

In: terms (`queries.py`), then texts as `Words`. Out: which terms stand where. Never here: what follows from it.

The automaton searches one string made of four parts, told apart by what surrounds their words, so that no part of
a word is ever found and nothing is looked at twice:

| part | looks like | finds |
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
"""Unicode 3.12: (code - first) % 28 tells the final consonant of a syllable, 0 for none."""
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
"""Korean particles, forms of to be, to do and to become: they stand joined to their noun. Which ones may follow
depends on its last letter, so that 차 (car) is not found in 차이 (difference)."""


_Match = tuple[int, int, int]
"""Number of the needle, start, end in the searched string."""


class _Needle(NamedTuple):
    """One string of the automaton."""

    part: str
    """The first character: which part of the text it belongs to."""
    words: int
    """How many words it is made of."""
    stem: str
    """The last word, when particles may be joined to it; empty else."""


class TermFinder:
    """Terms prepared once, for many texts.

    Args:
        terms: each is known by its number in this order.
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
        """What is there of the terms: one pass over the text, whatever their number."""
        searched = self._searched(words)
        matches = self._automaton.find_matches_as_indexes(searched.text, overlapping=True)
        by_term: dict[int, list[_Match]] = {}
        for match in matches:
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
    """The terms that may stand in a text; where they do, and whether in the right spelling, is told when asked."""

    def __init__(
        self,
        by_term: dict[int, list[_Match]],
        searched: "_SearchedText",
        needles: list[_Needle],
        spellings: list[str | None],
    ) -> None:
        self.terms = by_term.keys()
        """Numbers of terms; some may have no place after all."""
        self._by_term = by_term
        self._searched = searched
        self._needles = needles
        self._spellings = spellings

    def places(self, term: int) -> list[Place]:
        """Where the term stands in the text that was given, in no order; a place may be told twice."""
        spelling = self._spellings[term]
        there = []
        for number, start, end in self._by_term[term]:
            place = self._searched.place_of(self._needles[number], start, end)
            if place is not None and (spelling is None or self._searched.is_spelled(place, spelling)):
                there.append(place)
        return there


class _SearchedText(NamedTuple):
    """The string that the automaton searches."""

    words: Words
    text: str
    tags: dict[int, Place]
    """What begins where in its signed and glued parts."""
    marks: dict[int, int]
    """Number of the mark that begins there."""

    def place_of(self, needle: _Needle, start: int, end: int) -> Place | None:
        """Where in the given text a match stands; None when it is only part of a word."""
        if needle.part == " ":
            return self._place_of_words(needle, start, end)
        if needle.part != _MARK:
            return self.tags[start]
        marks, first = self.words.marks, self.marks[start]
        return Place(marks[first].place.start, marks[first + needle.words - 1].place.end)

    def is_spelled(self, place: Place, spelling: str) -> bool:
        """Whether the words stand there in that spelling."""
        found = self.words.spelled(place)
        return found == spelling or _glued(found) == _glued(spelling)

    def _place_of_words(self, needle: _Needle, start: int, end: int) -> Place | None:
        first, places = self.words.number_at(start), self.words.places
        last_start, last_end = places[first + needle.words - 1]
        if needle.stem:
            rest = self.text[end : self.text.index(" ", end)]
            if rest and not _are_particles(needle.stem, rest):
                return None
            # Syllables written letter by letter have another length: there the particles belong to the place.
            if last_end - last_start == len(needle.stem) + len(rest):
                last_end -= len(rest)
        return Place(places[first][0], last_end)


def _needles(term: Term) -> Iterable[str]:
    if term.kind == "signed":
        yield f"{term.words[0]} "
    elif term.kind == "marks":
        yield f"{_MARK}{_MARK.join(term.words)}{_MARK}"
    else:
        said = " ".join(term.words)
        yield f" {said}" if _final_of(said[-1]) else f" {said} "
        yield f"{_GLUED}{_glued(said)} "


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
    """With what a Hangul syllable ends; None for any other letter."""
    if not _FIRST_HANGUL <= ord(letter) <= _LAST_HANGUL:
        return None
    final = (ord(letter) - _FIRST_HANGUL) % _FINALS
    return "vowel" if final == 0 else "rieul" if final == _RIEUL else "consonant"


def _glued(words: str) -> str:
    return words.replace(" ", "").replace("_", "")


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    """Finds whether a text can hold one of the words that are marks, in their full-width forms too."""
    marks = {word[0] for word in words if not word[0].isalnum()}
    if not marks:
        return None
    wide = {chr(ord(mark) + 0xFEE0) for mark in marks if "!" <= mark <= "~"}
    return re.compile(f"[{re.escape(''.join(sorted(marks | wide)))}]")
