"""The words that a hashtag may have been glued of: "#AcmeDown" is "acme" and "down".

Whoever listens for "acme" wants the hashtag too. Nobody can know where a writer joined two words, so that every
run of neighbouring parts is offered, and the automaton of `finder.py` decides which of them a policy asks for.
"""

import re
from functools import lru_cache

from pipeline.enrich.listening.characters import HANGUL, UNSPACED
from pipeline.enrich.listening.spelling import joined
from pipeline.enrich.listening.words import Place, Tag

_WITHOUT_CASE = re.compile(f"{UNSPACED.pattern}|[{HANGUL}]")
_MAX_JOINED_PARTS = 6
"""Neighbouring parts of a hashtag that are joined: "#YouTubeMusicIsDownAgain" has six."""


@lru_cache(maxsize=8192)
def tag_parts(name: str) -> tuple[Tag, ...]:
    """Returns every run of the parts of a hashtag, the whole one first, each with its place in `name`.

    Args:
        name: as written, without its sign. It is cut where case or kind changes and at underscores:
            "YouTubeDown" gives youtubedown, you, youtube, tube, tubedown, down.
    """
    cuts = [0, *(at for at in range(1, len(name)) if _is_cut(name, at)), len(name)]
    runs = [(0, len(name))]
    for first, start in enumerate(cuts[:-1]):
        runs += [(start, end) for end in cuts[first + 1 : first + 1 + _MAX_JOINED_PARTS]]
    trimmed = [_trimmed(name, start, end) for start, end in dict.fromkeys(runs)]
    return tuple(
        Tag(joined(name[start:end].replace("_", "")), Place(start, end))
        for start, end in dict.fromkeys(trimmed)
        if start < end
    )


def _trimmed(name: str, start: int, end: int) -> tuple[int, int]:
    while start < end and name[start] == "_":
        start += 1
    while start < end and name[end - 1] == "_":
        end -= 1
    return start, end


def _is_cut(name: str, at: int) -> bool:
    before, after = name[at - 1], name[at]
    if before == "_" or after == "_":
        return True
    if (_WITHOUT_CASE.match(before) is None) != (_WITHOUT_CASE.match(after) is None):
        return True
    if after.isdecimal() != before.isdecimal():
        return True
    if before.islower() and after.isupper():
        return at > 1  # "iPhone" and "eBay" are single words
    # In "NHSDown" the last capital belongs to the next word.
    return before.isupper() and after.isupper() and name[at + 1 : at + 2].islower()
