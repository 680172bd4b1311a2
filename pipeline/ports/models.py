"""The seam between what reads texts and what scores them, which are the model and the detector of languages."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class TextScores(NamedTuple):
    """Scores that one pass of the model gives to one text, as calibrated probabilities from 0 to 1.

    The three of sentiment add up to 1 within 1e-6. `offence` and `complaint` stand alone, and are None where the
    model has no such head. Scores are compared field by field, because an array has no single truth.
    """

    negative: float
    neutral: float
    positive: float
    offence: float | None = None
    complaint: float | None = None
    embedding: NDArray[np.float16] | None = None
    """The subject of the text in numbers, which is the mean of a middle layer over its tokens. It has shape
    (width,) and is an array of its own. Only embeddings of the same model can be compared. They have half
    precision, because a cache holds tens of thousands. None stands where the text is blank or the model shows no
    layers."""


class TextModel(Protocol):
    """Scores texts in every head at once. It blocks, so it is called from an executor, by one thread at a time."""

    @property
    def name(self) -> str:
        """Model id and revision, such as `earshot-minilm-l6@1a2b3c4d5e6f`."""
        ...

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores texts that are already normalised.

        The result has the order and the length of the input, which may be empty.

        Raises:
            Transient: the engine failed. The same texts may succeed later.
        """
        ...


UNDETERMINED = "und"
"""Code of a language that nobody can tell (ISO 639-2)."""


class DetectedLanguage(NamedTuple):
    """The language that a text is most likely in."""

    code: str
    """The ISO 639-1 code, or the 639-3 code where there is no shorter one, in lower case. `UNDETERMINED` stands
    where nobody can tell."""
    confidence: float
    """Confidence from 0 to 1 in the likeliest language, also when that is too little to name it. It is 0 for a
    text without letters."""


class LanguageModel(Protocol):
    """Detects languages. It blocks for a short time only, and any thread may call it at any time."""

    def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
        """Returns the language of each text, in the order of the texts, of which there may be none.

        It never raises because of a text.
        """
        ...
