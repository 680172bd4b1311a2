"""How heated a text is: what makes two negative posts differ, whatever their sentiment.

In: title and text as written. Out: 0..1, calm text next to 0. Never here: a model, what the text is about
(`urgency.py`).

Heat is a noisy-OR of saturating signs, as the priority is of its factors (science.md 3.2): one strong sign is
enough, several reinforce, nothing exceeds 1, and no sign lowers another. Most signs need no language. The weights
are judgement, not fitted: no posts with human intensity labels were to be had. Swearing, threats and shouting
weigh most, one sign alone stays below .7, and a lone exclamation mark is next to nothing.
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
    """What was seen of each sign; 0: nothing."""

    capitals: float = 0.0
    """Share of the words that are in capitals, 0..1."""
    exclamations: float = 0.0
    """Of a run of ! and ?, each mark after the first, and half a mark where there is a !."""
    stretched: float = 0.0
    """Words with a letter three times in a row: "soooo"."""
    intensifiers: float = 0.0
    swearing: float = 0.0
    threats: float = 0.0
    angry_emoji: float = 0.0
    repeated_emoji: float = 0.0
    """Emoji behind one of their kind: three in a row are two."""


class Weight(NamedTuple):
    """How a sign counts."""

    most: float
    """What it can reach alone, 0..1."""
    half: float
    """Where it reaches half of that."""


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
"""By the fields of `IntensityMarks`."""
NEGATIVE_SHARE = 0.25
"""How much of its own size heat grows at most where the post is negative: the same signs are joy in praise."""
USUAL_WORDS = 50
"""Words and marks of longer texts count by that many words: a page with three strong words is calm."""
DECIMALS = 4

_MIN_LONG_WORDS = 4
"""One word in capitals in a post of one or two is no share of 1."""
_CODE_LETTERS = 3
"""Words of up to so many capitals are codes and short forms: KLM, USB, DM."""

_RUNS = re.compile("[!?！？]+")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_EMOJI_RUN = re.compile(
    "([\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff])[\ufe0f\U0001f3fb-\U0001f3ff]*"
    "(?:\\1[\ufe0f\U0001f3fb-\U0001f3ff]*)+"
)
"""A pictograph again and again; the signs between give it a face or a skin tone."""
_ANGRY = re.compile("[😠😡🤬👿😾💢🖕😤💩🤮🤢👎🗯💥🔪🧨]")
"""Faces and signs of anger and disgust."""
_MASKED_SWEARING = re.compile(
    r"\b(?:f|sh|b|c|m|p)[*#@$%]{2,}\w*|(?<!\S)(?=[^\s!]*[#$%&*])[@#$%&*!]{4,}(?!\S)", re.I
)
"""Swearing made harmless, "f**k", and the comic's "#$%&!"."""


def intensity_of(text: str, negative: float | None = None) -> Probability:
    """How heated a text is, 0..1, four decimals; of any length, never raises.

    Args:
        text: title and text.
        negative: probability that the post is negative; None: not known, counts as 0. It raises heat by up to a
            quarter and makes none: a calm complaint is calm.
    """
    return intensity_score(marks_of(text), negative or 0.0)


def intensity_score(signs: IntensityMarks, negative: float = 0.0) -> Probability:
    """The heat of some signs, 0..1; more of any sign, or of `negative` (0..1), never lowers it.

    heat = 1 - prod(1 - most (1 - 2^-(seen / half))), then heat (1 + .25 negative (1 - heat)).
    """
    calm = 1.0
    for seen, weight in zip(signs, WEIGHTS.values(), strict=True):
        if seen:
            calm *= 1 - weight.most * (1 - 2 ** -(seen / weight.half))
    heat = 1 - calm
    return round(heat * (1 + NEGATIVE_SHARE * negative * (1 - heat)), DECIMALS)


def marks_of(text: str) -> IntensityMarks:
    """What a text shows of each sign."""
    if "//" in text or "www." in text:
        text = LINK_ANYWHERE.sub(" ", text)
    tokens = text.split()
    share = min(1.0, USUAL_WORDS / max(1, len(tokens)))
    words = plain_words(text)
    intensifiers, swearing, threats, tripled = _counted(words)
    stretched = 0
    # The automaton knows the letters of Latin script; the expression costs as much as all the rest.
    if tripled or not words.isascii():
        stretched = sum(1 for _ in _STRETCHED.finditer(words))
    if stretched:
        # "fuuuck" is what it was before it was stretched, and "reallly" has two of them.
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
    """Long enough to be shouted, and no name, tag or number of a flight."""
    if len(token) <= _CODE_LETTERS or token[0] in "@#":
        return False
    # Of a script with capitals: 願いします is no word that could have been shouted.
    letters = sum(map(str.isupper, token)) + sum(map(str.islower, token))
    return letters > _CODE_LETTERS and not any(map(str.isdigit, token))


def _exclamations(text: str) -> float:
    if "!" not in text and "?" not in text and text.isascii():
        return 0.0
    runs = _RUNS.findall(text)
    return sum(len(run) - 1 + (0.5 if "!" in run or "！" in run else 0.0) for run in runs)


def _emoji(text: str) -> tuple[int, int]:
    angry = len(_ANGRY.findall(text))
    return angry, sum(found.group().count(found[1]) - 1 for found in _EMOJI_RUN.finditer(text))


class _Phrases(NamedTuple):
    automaton: AhoCorasick
    groups: list[int]
    """Of each phrase: 0 intensifier, 1 swearing, 2 threat, 3 a letter three times."""


@lru_cache(maxsize=1)
def _phrases() -> _Phrases:
    # Prepared when first needed, so that importing the module reads no file. The graver group comes later and
    # therefore wins where a phrase stands in two lists.
    groups = {phrase: group for group, phrases in enumerate(intensity_phrases()) for phrase in phrases}
    groups |= {3 * letter: 3 for letter in ascii_lowercase}
    return _Phrases(AhoCorasick(list(groups), matchkind=MatchKind.Standard), list(groups.values()))


def _counted(words: str) -> tuple[int, int, int, int]:
    """Intensifiers, swearing, threats and tripled letters among plain words."""
    automaton, groups = _phrases()
    counts = [0, 0, 0, 0]
    for number, _, _ in automaton.find_matches_as_indexes(words, overlapping=True):
        counts[groups[number]] += 1
    return counts[0], counts[1], counts[2], counts[3]
