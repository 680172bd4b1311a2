"""How urgent the words of a text are, and in which way.

In: title and text as written. Out: a score and the kinds of urgency. Never here: a model; the rules of a policy
have an urgency of their own (`triage.py`).

One automaton reads the text once, whatever the number of phrases: words are parted by one blank, so that a phrase
between two blanks is a phrase of whole words. A phrase does not count inside an exception ("fire sale"), behind a
negator in the same clause ("no smoke"), or, for outages, before an ending ("the outage is over"). For self-harm
neither negation nor a figure of speech counts against it: "I'd kill myself if I miss the sale" is urgent, because
a joke read by a person costs a minute, and the other mistake a life.
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
"""The gravest first. science.md 3.2 gives all of them 1.0; graded here by what an hour of waiting does: a life, a
night on a floor or an emptied account, a home or a business without service, a deadline of days, a plan that has
already failed. With weight .7 in the priority, 1.0 alone reaches band P1 (70) and .7 band P2 (45-70)."""

NEGATION_WORDS = 3
"""How far a negator reaches: "no smell of smoke", "is not at all dangerous"."""
ENDING_WORDS = 6
"""How far behind an outage its end is looked for: "the outage in our street has been fixed"."""

_MAX_WINDOW_CHARS = 200
"""Characters that are looked at around a phrase, whatever the text: longer than any phrase or window of words."""

_CLAUSE_END = re.compile(r" [.!?;:,\n()] ")


class Urgency(NamedTuple):
    """What is urgent about a text."""

    score: float
    """The grade of the gravest kind, 0..1; 0 without any."""
    kinds: tuple[UrgencyKind, ...]
    """The gravest first, each once."""


NOT_URGENT = Urgency(0.0, ())
"""The urgency of a text without such words."""


def urgency_of(text: str) -> Urgency:
    """The urgency of a text's words; of any length, never raises.

    More kinds, or the same kind twice, do not raise the score: it says how grave the gravest matter is.
    """
    words = plain_words(text)
    phrases = _phrases()
    found = phrases.automaton.find_matches_as_indexes(words, overlapping=True)
    if not found:
        return NOT_URGENT
    excepted = sorted((start, end) for number, start, end in found if phrases.kinds[number] is None)
    kinds: set[UrgencyKind] = set()
    for number, start, end in found:
        kind = phrases.kinds[number]
        if kind is None or kind in kinds:
            continue
        if _excepted(excepted, start, end):
            continue
        if kind == "self-harm" or not (_denied(words, start) or (kind == "outage" and _ended(words, end))):
            kinds.add(kind)
    if not kinds:
        return NOT_URGENT
    ordered = tuple(kind for kind in GRADES if kind in kinds)
    return Urgency(GRADES[ordered[0]], ordered)


class _Phrases(NamedTuple):
    automaton: AhoCorasick
    kinds: list[UrgencyKind | None]
    """Of each phrase; None: an exception."""


@lru_cache(maxsize=1)
def _phrases() -> _Phrases:
    # Prepared when first needed, so that importing the module reads no file.
    phrases = urgency_phrases()
    kinds: dict[str, UrgencyKind | None] = {}
    for kind in GRADES:
        for phrase in phrases.by_kind[kind]:
            kinds.setdefault(phrase, kind)
    kinds |= dict.fromkeys(phrases.exceptions)
    return _Phrases(AhoCorasick(list(kinds), matchkind=MatchKind.Standard), list(kinds.values()))


@lru_cache(maxsize=1)
def _not_denials() -> AhoCorasick:
    return AhoCorasick(urgency_phrases().not_denials, matchkind=MatchKind.Standard)


@lru_cache(maxsize=1)
def _endings() -> AhoCorasick:
    return AhoCorasick(urgency_phrases().endings, matchkind=MatchKind.Standard)


def _excepted(exceptions: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether one of the exceptions, sorted, covers the phrase; looks only at those that are near."""
    first = bisect_left(exceptions, (end - _MAX_WINDOW_CHARS, 0))
    return any(
        begin <= start and end <= last
        for begin, last in exceptions[first : bisect_left(exceptions, (start + 1, 0))]
    )


def _denied(words: str, start: int) -> bool:
    """Whether a negator stands within `NEGATION_WORDS` before the phrase, in its clause."""
    before = words[max(0, start - _MAX_WINDOW_CHARS) : start + 1]
    near = _CLAUSE_END.split(before)[-1].split()[-NEGATION_WORDS:]
    negators, conjunctions = urgency_phrases().negators, urgency_phrases().conjunctions
    for at in range(len(near) - 1, -1, -1):
        if near[at] in conjunctions:
            return False
        if near[at] in negators:
            # The phrase's own first word too: "no procon" is Portuguese for where they go.
            first = words[start + 1 : start + _MAX_WINDOW_CHARS].split(" ", 1)[0]
            return not _not_denials().find_matches_as_indexes(f" {' '.join([*near[at:], first])} ")
    return False


def _ended(words: str, end: int) -> bool:
    """Whether the clause behind the phrase says that it is past: no question, no "not yet"."""
    after = words[end - 1 : end + _MAX_WINDOW_CHARS]
    sign = _CLAUSE_END.search(after)
    if sign is not None and sign.group().strip() == "?":
        return False
    clause = (after if sign is None else after[: sign.start()]).split()[:ENDING_WORDS]
    if any(word in urgency_phrases().negators for word in clause):
        return False
    return bool(_endings().find_matches_as_indexes(f" {' '.join(clause)} "))
