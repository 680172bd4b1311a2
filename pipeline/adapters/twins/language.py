"""The in-memory twin of the language detector: a few words of three languages, for unit tests only.

In: texts. Out: the language whose words they have most of. Never here: anything to judge real posts with.
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
    """Deterministic `LanguageModel` for unit tests of the parts around it."""

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """The language with the most words; its share of all known words is the confidence."""
        return [_detect(text) for text in texts]


def _detect(text: str) -> DetectedLanguage:
    words = _WORD.findall(text.lower())
    counts = {code: sum(word in known for word in words) for code, known in _WORDS.items()}
    total = sum(counts.values())
    if total == 0:
        return DetectedLanguage(UNDETERMINED, 0.0)
    code = max(counts, key=lambda one: counts[one])
    return DetectedLanguage(code, counts[code] / total)
