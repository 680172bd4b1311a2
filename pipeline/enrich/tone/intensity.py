"""Tells how heated a text is, which makes two equally negative posts differ.

It takes title and text as written and returns a number from 0 to 1, where calm text is next to 0. It needs no
model, and what the text is about does not matter (`urgency.py`).

Heat is a noisy-OR of marks that saturate, as the priority is of its factors (`triage/priority.py`). A single
strong mark is enough, several reinforce each other, nothing exceeds 1, and no mark lowers another one. Most marks
need no language. The weights are judgement and not fitted, because no posts with human labels of intensity were to
be had. Swearing, threats and shouting weigh most, a mark alone stays below .7, and a lone exclamation mark is next
to nothing.
"""

import re
from functools import lru_cache
from string import ascii_lowercase
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from pipeline.enrich.text.lexical import LINK_ANYWHERE
from pipeline.enrich.tone.phrases import intensity_phrases, plain_words
from schemas.base import Probability


class IntensityMarks(NamedTuple):
    """How much of each mark a text has, 0 for nothing."""

    capitals: float = 0.0
    """Share of the words that are in capitals, 0..1."""
    exclamations: float = 0.0
    """Signs after the first in each run of ! and ?, and another half for a run that holds a !."""
    stretched: float = 0.0
    """Number of words with a letter three times in a row, as in "soooo"."""
    intensifiers: float = 0.0
    swearing: float = 0.0
    threats: float = 0.0
    angry_emoji: float = 0.0
    repeated_emoji: float = 0.0
    """Number of emoji behind another one of their kind, so that three in a row count 2."""


class Weight(NamedTuple):
    """How a mark counts."""

    most: float
    """Heat that the mark can reach alone, 0..1."""
    half: float
    """Amount of the mark at which it reaches half of this heat."""


WEIGHTS = {
    "capitals": Weight(0.65, 0.25),
    "exclamations": Weight(0.40, 3.0),
    "stretched": Weight(0.30, 1.0),
    "intensifiers": Weight(0.45, 3.0),
    "swearing": Weight(0.65, 1.0),
    "threats": Weight(0.65, 1.0),
    "angry_emoji": Weight(0.50, 1.5),
    "repeated_emoji": Weight(0.30, 2.0),
}
"""Weight of each field of `IntensityMarks`, in the same order."""
NEGATIVE_SHARE = 0.25
"""Largest share by which heat grows where the post is negative. In praise, the same marks are joy."""
USUAL_WORDS = 50
"""Marks of a longer text count as if they stood in a text of so many words, since a page with three strong words
is calm."""
DECIMALS = 4

_MIN_LONG_WORDS = 4
"""The share of words in capitals is that of at least so many words. Otherwise a post of a single word in capitals
would have the share 1."""
_CODE_LETTERS = 3
"""Words of up to so many capitals are codes and short forms, such as KLM, USB and DM."""

_RUNS = re.compile("[!?！？]+")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_EMOJI_RUN = re.compile(
    "([\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff])[\ufe0f\U0001f3fb-\U0001f3ff]*"
    "(?:\\1[\ufe0f\U0001f3fb-\U0001f3ff]*)+"
)
"""A pictograph that is repeated. The signs between give it a face or a skin tone."""
_ANGRY = re.compile("[😠😡🤬👿😾💢🖕😤💩🤮🤢👎🗯💥🔪🧨]")
"""Faces and signs of anger and disgust."""
_MASKED_SWEARING = re.compile(
    r"\b(?:f|sh|b|c|m|p)[*#@$%]{2,}\w*|(?<!\S)(?=[^\s!]*[#$%&*])[@#$%&*!]{4,}(?!\S)", re.I
)
"""Swearing that is made harmless, as "f**k" and the "#$%&!" of comics."""


def intensity_of(text: str, negative: float | None = None) -> Probability:
    """Returns how heated a text is, 0..1, with four decimals. The text may have any length, and nothing is raised.

    Args:
        text: title and text.
        negative: probability that the post is negative; None counts as 0. It raises heat by up to a quarter and
            makes none, so that a calm complaint is calm.
    """
    return intensity_score(marks_of(text), negative or 0.0)


def intensity_score(marks: IntensityMarks, negative: float = 0.0) -> Probability:
    """Returns the heat of some marks, 0..1. More of any mark, or of `negative` (0..1), never lowers it.

    heat = 1 - prod(1 - most (1 - 2^-(amount / half))), then heat (1 + .25 negative (1 - heat)).
    """
    calm = 1.0
    for amount, weight in zip(marks, WEIGHTS.values(), strict=True):
        if amount:
            calm *= 1 - weight.most * (1 - 2 ** -(amount / weight.half))
    heat = 1 - calm
    return round(heat * (1 + NEGATIVE_SHARE * negative * (1 - heat)), DECIMALS)


def marks_of(text: str) -> IntensityMarks:
    """Returns how much a text has of each mark."""
    if "//" in text or "www." in text:
        text = LINK_ANYWHERE.sub(" ", text)
    tokens = text.split()
    share = min(1.0, USUAL_WORDS / max(1, len(tokens)))
    words = plain_words(text)
    intensifiers, swearing, threats, tripled = _counted(words)
    stretched = 0
    # The automaton sees tripled ASCII letters. The expression runs only for them and for other scripts, because it
    # costs as much as all the rest.
    if tripled or not words.isascii():
        stretched = sum(1 for _ in _STRETCHED.finditer(words))
    if stretched:
        # A stretched letter may stand for one letter ("fuuuck") or for two ("reallly").
        both = zip(_counted(_STRETCHED.sub(r"\1", words)), _counted(_STRETCHED.sub(r"\1\1", words)), strict=True)
        intensifiers, swearing, threats, _ = (max(counts) for counts in both)
    if "*" in text or "$" in text or "%" in text:
        swearing += sum(1 for _ in _MASKED_SWEARING.finditer(text))
    angry, repeated = (0, 0) if text.isascii() else _emoji(text)
    return IntensityMarks(
        capitals=_capitals(tokens),
        exclamations=_exclamations(text) * share,
        stretched=stretched * share,
        intensifiers=intensifiers * share,
        swearing=swearing * share,
        threats=threats * share,
        angry_emoji=angry * share,
        repeated_emoji=repeated * share,
    )


def _capitals(tokens: list[str]) -> float:
    shouted = sum(1 for token in tokens if token.isupper() and _is_word(token))
    if not shouted:
        return 0.0
    return shouted / max(_MIN_LONG_WORDS, sum(1 for token in tokens if _is_word(token)))


def _is_word(token: str) -> bool:
    """Returns whether a token is long enough to be shouted, and is no name, tag or number of a flight."""
    if len(token) <= _CODE_LETTERS or token[0] in "@#":
        return False
    # Only letters that have capitals count, because nobody can shout 願いします.
    letters = sum(map(str.isupper, token)) + sum(map(str.islower, token))
    return letters > _CODE_LETTERS and not any(map(str.isdigit, token))


def _exclamations(text: str) -> float:
    if "!" not in text and "?" not in text and text.isascii():
        return 0.0
    runs = _RUNS.findall(text)
    return sum(len(run) - 1 + (0.5 if "!" in run or "！" in run else 0.0) for run in runs)


def _emoji(text: str) -> tuple[int, int]:
    angry = len(_ANGRY.findall(text))
    return angry, sum(run.group().count(run[1]) - 1 for run in _EMOJI_RUN.finditer(text))


class _PhraseSearch(NamedTuple):
    automaton: AhoCorasick
    groups: list[int]
    """Group of each phrase: 0 intensifier, 1 swearing, 2 threat, 3 a letter three times."""


@lru_cache(maxsize=1)
def _phrase_search() -> _PhraseSearch:
    # Prepared when first needed, so that importing the module reads no file. The graver group comes later and
    # therefore wins where a phrase stands in two lists.
    groups = {phrase: group for group, phrases in enumerate(intensity_phrases()) for phrase in phrases}
    groups |= {3 * letter: 3 for letter in ascii_lowercase}
    return _PhraseSearch(AhoCorasick(list(groups), matchkind=MatchKind.Standard), list(groups.values()))


def _counted(words: str) -> tuple[int, int, int, int]:
    """Returns the numbers of intensifiers, swearing, threats and tripled letters among plain words."""
    automaton, groups = _phrase_search()
    counts = [0, 0, 0, 0]
    for number, _, _ in automaton.find_matches_as_indexes(words, overlapping=True):
        counts[groups[number]] += 1
    return counts[0], counts[1], counts[2], counts[3]
