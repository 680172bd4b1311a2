"""The seam between what reads texts and what scores them: the model, the detector of languages."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class TextScores(NamedTuple):
    """What one pass of the model says about one text: calibrated probabilities, each 0..1.

    The three of sentiment add up to 1 within 1e-6; `offence` and `complaint` stand alone, None where the model
    has no such head. Compare scores by their fields: an array has no single truth.
    """

    negative: float
    neutral: float
    positive: float
    offence: float | None = None
    complaint: float | None = None
    embedding: NDArray[np.float16] | None = None
    """What the text is about, as the same model's numbers: the mean over its tokens of a middle layer, shape
    (width,), its own array. Only texts that the same model read can be compared. Half precision, for a cache
    holds tens of thousands; None where the text is blank or the model shows no layers."""


class TextModel(Protocol):
    """Scores texts in every head at once. Blocking: call it from an executor, one caller thread at a time."""

    @property
    def name(self) -> str:
        """Model id and revision, e.g. `earshot-minilm-l6@1a2b3c4d5e6f`."""
        ...

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores already normalised texts; same length and order as the input, any length >= 0.

        Raises:
            Transient: the engine failed; the same texts may succeed later.
        """
        ...


UNDETERMINED = "und"
"""The code of a language that nobody can tell (ISO 639-2)."""


class DetectedLanguage(NamedTuple):
    """The language that a text is most likely in."""

    code: str
    """ISO 639-1, or 639-3 where there is no shorter one, lower case; `UNDETERMINED` when nobody can tell."""
    confidence: float
    """0..1, of the likeliest language, also when that is too little to name it; 0 for a text without letters."""


class LanguageModel(Protocol):
    """Tells languages. Blocking, but quick; any thread may call it at any time."""

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """The language of each text; same length and order, any length >= 0. Never raises because of a text."""
        ...
