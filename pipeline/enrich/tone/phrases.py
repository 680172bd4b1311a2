"""Reads the word lists of urgency and intensity, data files by language, once, when the first post is scored.

The files stand in `words/`. They are data, so that somebody who knows a language can read and extend them without
reading code. The lists of all languages are joined, because every list applies to every post. Lists and posts are
brought to the same plain words before they are compared.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from typing import Any, NamedTuple, get_args

from pipeline.enrich.listening.keywords import fold
from pipeline.enrich.text.lexical import LINK_NAME_OR_WORD
from schemas.posts.signals import UrgencyKind

_MARKS = re.compile("[\u0300-\u036f]")

_ByLanguage = Mapping[str, Sequence[str]]
"""Language code to the entries of a list."""


class UrgencyPhrases(NamedTuple):
    """What `words/urgency.toml` holds. Phrases are plain words, negators and conjunctions are single words."""

    by_kind: Mapping[UrgencyKind, list[str]]
    exceptions: list[str]
    """What looks like urgency and is not."""
    negators: frozenset[str]
    not_denials: list[str]
    """Phrases in which a negator denies something else, or stresses."""
    endings: list[str]
    """What says that an outage is past."""
    conjunctions: frozenset[str]
    """Words that begin a new clause."""


class IntensityPhrases(NamedTuple):
    """What `words/intensity.toml` holds, as plain words."""

    intensifiers: list[str]
    swearing: list[str]
    threats: list[str]


@lru_cache(maxsize=1)
def urgency_phrases() -> UrgencyPhrases:
    """Returns the phrases of urgency, which are read at the first call."""
    lists = _read("urgency.toml")
    kinds: tuple[UrgencyKind, ...] = get_args(UrgencyKind)
    return UrgencyPhrases(
        by_kind={kind: _plain(lists["phrases"][kind]) for kind in kinds},
        exceptions=_plain(lists["exceptions"]),
        negators=_words(lists["negators"]),
        not_denials=_plain(lists["not_denials"]),
        endings=_plain(lists["endings"]),
        conjunctions=_words(lists["conjunctions"]),
    )


@lru_cache(maxsize=1)
def intensity_phrases() -> IntensityPhrases:
    """Returns the phrases of intensity, which are read at the first call."""
    lists = _read("intensity.toml")
    return IntensityPhrases(_plain(lists["intensifiers"]), _plain(lists["swearing"]), _plain(lists["threats"]))


def plain_words(text: str) -> str:
    """Returns the words of a text, folded and without accents, each between two blanks; clause signs are words
    too.

    "n't" becomes part of its word ("dont"). Where a link or a name is left out, two blanks stand, so that no
    phrase bridges them.
    """
    folded = fold(text).replace("n't", "nt")
    if not folded.isascii():
        folded = _MARKS.sub("", unicodedata.normalize("NFKD", folded))
    return f" {' '.join(LINK_NAME_OR_WORD.findall(folded))} "


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words", name).read_text(encoding="utf-8"))


def _plain(lists: _ByLanguage) -> list[str]:
    return [plain_words(phrase) for phrases in lists.values() for phrase in phrases]


def _words(lists: _ByLanguage) -> frozenset[str]:
    return frozenset(chain.from_iterable(lists.values()))
