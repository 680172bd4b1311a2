"""The in-memory twin of the sentiment model. It knows a dozen words, for unit tests only.

Its scores depend on those words alone. No command and no stage may choose it for real traffic.
"""

import re
from collections.abc import Sequence

from pipeline.ports.models import TextScores

_GOOD = frozenset({"love", "great", "good", "happy", "thanks", "excellent", "best", "amazing"})
_BAD = frozenset({"hate", "terrible", "bad", "angry", "broken", "awful", "worst", "refund"})
_WORD = re.compile(r"[a-z]+")

_NEUTRAL_WEIGHT = 1
_WORD_WEIGHT = 4
"""One sentiment word outweighs neutrality: 4 / (4 + 1) = 0.8 for its class."""


class KeywordSentiment:
    """A `TextModel` that always gives a text the same scores, for unit tests of the parts around the model."""

    @property
    def name(self) -> str:
        """A constant id, which says that no real model gave the score."""
        return "keywords-for-tests@000000000000"

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores each text by its share of good and bad words. A blank text is wholly neutral."""
        return [_scores_of(text) for text in texts]


def _scores_of(text: str) -> TextScores:
    words = _WORD.findall(text.lower())
    good = _WORD_WEIGHT * sum(word in _GOOD for word in words)
    bad = _WORD_WEIGHT * sum(word in _BAD for word in words)
    total = good + bad + _NEUTRAL_WEIGHT
    return TextScores(bad / total, _NEUTRAL_WEIGHT / total, good / total)
