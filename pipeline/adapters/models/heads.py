"""From a model's logits to calibrated probabilities: the same mathematics for every engine.

In: the names of the logits' columns, a calibration, logits; perhaps embeddings. Out: one `TextScores` a row.
Never here: an engine, a tokenizer, a label decision.

Sentiment is one choice of three, so its columns share a softmax, after a bias and a temperature; offence and
complaint are yes-or-no questions of their own, each a sigmoid after a scale and a bias.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import Transient
from pipeline.ports.models import TextScores

SENTIMENT = ("negative", "neutral", "positive")
"""The sentiment columns' names, in the order of `TextScores` and of the sentiment's bias."""
OFFENCE, COMPLAINT = "offensive", "complaint"
"""The names of the columns that a model may have besides."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Floats = NDArray[np.float64]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SentimentCalibration(_Part):
    """softmax((logits + bias) / temperature); the defaults change nothing."""

    temperature: _Positive = 1.0
    bias: tuple[_Finite, _Finite, _Finite] = (0.0, 0.0, 0.0)
    """Of negative, neutral, positive."""


class BinaryCalibration(_Part):
    """sigmoid(scale * logit + bias); the defaults change nothing."""

    scale: _Positive = 1.0
    bias: _Finite = 0.0


class Calibration(_Part):
    """How each head's logits become probabilities; None for a head that the model lacks."""

    sentiment: SentimentCalibration = SentimentCalibration()
    offence: BinaryCalibration | None = None
    complaint: BinaryCalibration | None = None


class Heads:
    """Reads logits whose columns have names.

    Args:
        labels: the columns' names: negative, positive and perhaps neutral, offensive, complaint, in any order.
            Without neutral it is never the answer: its probability is 0.
        calibration: of exactly the heads that the labels name; None: the logits are taken as they are.

    Raises:
        ValueError: the labels or the calibration's heads are others.
    """

    def __init__(self, labels: Sequence[str], calibration: Calibration | None = None) -> None:
        _check_labels(labels)
        if calibration is None:
            calibration = _plain(labels)
        _check_heads(labels, calibration)
        self.labels = tuple(labels)
        self.calibration = calibration

    @property
    def blank(self) -> TextScores:
        """The answer for a text without content, by definition: nothing said is nothing felt."""
        offence, complaint = (0.0 if name in self.labels else None for name in (OFFENCE, COMPLAINT))
        return TextScores(negative=0.0, neutral=1.0, positive=0.0, offence=offence, complaint=complaint)

    def scores(self, logits: ArrayLike, embeddings: NDArray[np.float16] | None = None) -> list[TextScores]:
        """One answer a row of logits, in order, each with its own copy of its row of the embeddings.

        Raises:
            Transient: a logit is NaN or infinite; a broken number must not become a silent answer.
        """
        rows = np.asarray(logits, dtype=np.float64)
        broken = len(rows) - int(np.isfinite(rows).all(axis=1).sum())
        if broken:
            raise Transient(f"the model answered {broken} of {len(rows)} texts with NaN or infinity")
        calibration = self.calibration
        columns = [
            *self._sentiment(rows).T.tolist(),
            self._binary(rows, OFFENCE, calibration.offence),
            self._binary(rows, COMPLAINT, calibration.complaint),
            # Copies: a view would keep the embeddings of its whole batch as long as one text is remembered.
            [None] * len(rows) if embeddings is None else [row.copy() for row in embeddings],
        ]
        return [TextScores(*values) for values in zip(*columns, strict=True)]

    def _sentiment(self, rows: _Floats) -> _Floats:
        chosen = np.full((len(rows), len(SENTIMENT)), -np.inf)  # what has no column has no chance
        for at, name in enumerate(SENTIMENT):
            if name in self.labels:
                chosen[:, at] = rows[:, self.labels.index(name)]
        sentiment = self.calibration.sentiment
        chosen = (chosen + np.array(sentiment.bias)) / sentiment.temperature
        exponentials = np.exp(chosen - chosen.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def _binary(self, rows: _Floats, name: str, by: BinaryCalibration | None) -> list[float] | list[None]:
        if by is None:
            return [None] * len(rows)
        logits = by.scale * rows[:, self.labels.index(name)] + by.bias
        probabilities: list[float] = (0.5 * (1 + np.tanh(logits / 2))).tolist()  # a sigmoid that cannot overflow
        return probabilities


def _check_labels(labels: Sequence[str]) -> None:
    needed, known = {"negative", "positive"}, {*SENTIMENT, OFFENCE, COMPLAINT}
    if len(set(labels)) != len(labels) or not needed <= set(labels) <= known:
        raise ValueError(
            f"labels: expected {', '.join(SENTIMENT)} and perhaps {OFFENCE}, {COMPLAINT}, each once; "
            f"found {', '.join(labels) or 'none'}"
        )


def _check_heads(labels: Sequence[str], calibration: Calibration) -> None:
    for head, name, by in (
        ("offence", OFFENCE, calibration.offence),
        ("complaint", COMPLAINT, calibration.complaint),
    ):
        if (by is not None) != (name in labels):
            raise ValueError(f"calibration.{head} and the label {name}: both must be there, or neither")


def _plain(labels: Sequence[str]) -> Calibration:
    offence, complaint = (BinaryCalibration() if name in labels else None for name in (OFFENCE, COMPLAINT))
    return Calibration(offence=offence, complaint=complaint)
