"""The in-memory twin of the language detector. It knows a few words of three languages, for unit tests only.

A text is in the language whose words it has most of. Nothing here may judge a real post.
"""

import re
from collections.abc import Sequence

from pipeline.ports.models import UNDETERMINED, DetectedLanguage


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS = {
    "en": _set("the is and it this that i of to shop train late again opens"),
    "de": _set("der die das ist und ich nicht ein zug schon wieder spät laden"),
    "es": _set("el la los es y no que un tren otra vez tarde tienda"),
}
_WORD = re.compile(r"[^\W\d_]+")


class KeywordLanguages:
    """A `LanguageModel` that always says the same about a text, for unit tests of the parts around it."""

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """Returns the language with the most words. Its share of all words known here is the confidence."""
        return [_detect(text) for text in texts]


def _detect(text: str) -> DetectedLanguage:
    words = _WORD.findall(text.lower())
    counts = {code: sum(word in vocabulary for word in words) for code, vocabulary in _WORDS.items()}
    total = sum(counts.values())
    if total == 0:
        return DetectedLanguage(UNDETERMINED, 0.0)
    code = max(counts, key=lambda code: counts[code])
    return DetectedLanguage(code, counts[code] / total)
