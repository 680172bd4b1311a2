"""Tells how urgent the words of a text are, and in which way.

It takes title and text as written and returns a score with the kinds of urgency, without any model. The rules of a
policy have an urgency of their own (`triage.py`).

A single automaton reads the text once, whatever the number of phrases. A single blank parts two words, so that a
phrase between two blanks consists of whole words. A phrase does not count inside an exception ("fire sale"),
behind a negator in the same clause ("no smoke"), or, for outages, before an ending ("the outage is over"). Neither
a negation nor a figure of speech counts against self-harm, so that "I'd kill myself if I miss the sale" is urgent.
A person who reads a joke loses a minute, and the other mistake may cost a life.
"""

import re
from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from pipeline.enrich.tone.phrases import plain_words, urgency_phrases
from schemas.posts.signals import UrgencyKind

GRADES: dict[UrgencyKind, float] = {
    "safety": 1.0,
    "self-harm": 1.0,
    "stranded": 0.9,
    "fraud": 0.9,
    "outage": 0.8,
    "legal": 0.7,
    "cancelled": 0.7,
}
"""Score of each kind of urgency, the gravest first. They are graded by what an hour of waiting may cost: a life, a
night on a floor or an emptied account, a home or a business without service, a deadline of days, a plan that has
failed already. Urgency has weight .7 in the priority, so that 1.0 alone reaches band P1 (70) and .7 reaches band
P2 (45-70)."""

NEGATION_WORDS = 3
"""Words that a negator reaches, as in "no smell of smoke" and "is not at all dangerous"."""
ENDING_WORDS = 6
"""Words behind an outage in which its end is looked for, as in "the outage in our street has been fixed"."""

_MAX_WINDOW_CHARS = 200
"""Characters around a phrase that are looked at. No phrase and no window of words is longer, and a text of any
length costs no more for each phrase."""

_CLAUSE_END = re.compile(r" [.!?;:,\n()] ")


class Urgency(NamedTuple):
    """What is urgent about a text."""

    score: float
    """The grade of the gravest kind, 0..1; 0 without any kind."""
    kinds: tuple[UrgencyKind, ...]
    """The kinds, the gravest first."""


NOT_URGENT = Urgency(0.0, ())
"""The urgency of a text in which no phrase counts."""


def urgency_of(text: str) -> Urgency:
    """Returns the urgency of a text's words. The text may have any length, and nothing is raised.

    More kinds, or the same kind twice, do not raise the score, because it says how grave the gravest matter is.
    """
    words = plain_words(text)
    search = _phrase_search()
    hits = search.automaton.find_matches_as_indexes(words, overlapping=True)
    if not hits:
        return NOT_URGENT
    exceptions = sorted((start, end) for number, start, end in hits if search.kinds[number] is None)
    kinds: set[UrgencyKind] = set()
    for number, start, end in hits:
        kind = search.kinds[number]
        if kind is None or kind in kinds or _excepted(exceptions, start, end):
            continue
        if kind == "self-harm" or not (_denied(words, start) or (kind == "outage" and _ended(words, end))):
            kinds.add(kind)
    if not kinds:
        return NOT_URGENT
    ordered = tuple(kind for kind in GRADES if kind in kinds)
    return Urgency(GRADES[ordered[0]], ordered)


class _PhraseSearch(NamedTuple):
    automaton: AhoCorasick
    kinds: list[UrgencyKind | None]
    """Kind of each phrase, None for an exception."""


@lru_cache(maxsize=1)
def _phrase_search() -> _PhraseSearch:
    # Prepared when first needed, so that importing the module reads no file.
    phrases = urgency_phrases()
    kinds: dict[str, UrgencyKind | None] = {}
    for kind in GRADES:
        for phrase in phrases.by_kind[kind]:
            kinds.setdefault(phrase, kind)
    kinds |= dict.fromkeys(phrases.exceptions)
    return _PhraseSearch(AhoCorasick(list(kinds), matchkind=MatchKind.Standard), list(kinds.values()))


@lru_cache(maxsize=1)
def _not_denials() -> AhoCorasick:
    return AhoCorasick(urgency_phrases().not_denials, matchkind=MatchKind.Standard)


@lru_cache(maxsize=1)
def _endings() -> AhoCorasick:
    return AhoCorasick(urgency_phrases().endings, matchkind=MatchKind.Standard)


def _excepted(exceptions: list[tuple[int, int]], start: int, end: int) -> bool:
    """Returns whether one of the sorted exceptions covers the phrase."""
    # Only exceptions near the phrase are looked at. A text that repeats "fire sale" would otherwise cost its
    # square.
    first = bisect_left(exceptions, (end - _MAX_WINDOW_CHARS, 0))
    return any(
        begin <= start and end <= last
        for begin, last in exceptions[first : bisect_left(exceptions, (start + 1, 0))]
    )


def _denied(words: str, start: int) -> bool:
    """Returns whether a negator stands at most `NEGATION_WORDS` before the phrase, in the same clause."""
    before = words[max(0, start - _MAX_WINDOW_CHARS) : start + 1]
    near = _CLAUSE_END.split(before)[-1].split()[-NEGATION_WORDS:]
    negators, conjunctions = urgency_phrases().negators, urgency_phrases().conjunctions
    for index in range(len(near) - 1, -1, -1):
        if near[index] in conjunctions:
            return False
        if near[index] in negators:
            # The first word of the phrase belongs to it, because Portuguese "no procon" says where somebody goes.
            first = words[start + 1 : start + _MAX_WINDOW_CHARS].split(" ", 1)[0]
            return not _not_denials().find_matches_as_indexes(f" {' '.join([*near[index:], first])} ")
    return False


def _ended(words: str, end: int) -> bool:
    """Returns whether the clause behind the phrase says that it is past, and is neither a question nor denied."""
    after = words[end - 1 : end + _MAX_WINDOW_CHARS]
    sign = _CLAUSE_END.search(after)
    if sign is not None and sign.group().strip() == "?":
        return False
    clause = (after if sign is None else after[: sign.start()]).split()[:ENDING_WORDS]
    if not urgency_phrases().negators.isdisjoint(clause):
        return False
    return bool(_endings().find_matches_as_indexes(f" {' '.join(clause)} "))
