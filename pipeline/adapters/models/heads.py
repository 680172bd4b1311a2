"""Turns a model's logits into calibrated probabilities, with the same mathematics for every engine.

It takes the names of the logits' columns, a calibration, the logits and perhaps embeddings, and returns one
`TextScores` a row. It decides no label.

Sentiment is one choice of three, so its columns share a softmax, after a bias and a temperature. Offence and
complaint are yes-or-no questions, and each is a sigmoid after a scale and a bias.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import Transient
from pipeline.ports.models import TextScores

SENTIMENT = ("negative", "neutral", "positive")
"""Names of the sentiment columns, in the order of `TextScores` and of the sentiment's bias."""
OFFENCE, COMPLAINT = "offensive", "complaint"
"""Names of the columns that a model may have besides."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Floats = NDArray[np.float64]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SentimentCalibration(_Part):
    """Computes softmax((logits + bias) / temperature). The defaults change nothing."""

    temperature: _Positive = 1.0
    bias: tuple[_Finite, _Finite, _Finite] = (0.0, 0.0, 0.0)
    """What is added for negative, neutral and positive, in this order."""


class BinaryCalibration(_Part):
    """Computes sigmoid(scale * logit + bias). The defaults change nothing."""

    scale: _Positive = 1.0
    bias: _Finite = 0.0


class Calibration(_Part):
    """Says how each head's logits become probabilities. It is None for a head that the model lacks."""

    sentiment: SentimentCalibration = SentimentCalibration()
    offence: BinaryCalibration | None = None
    complaint: BinaryCalibration | None = None


class Heads:
    """Reads logits whose columns have names.

    Args:
        labels: names of the columns, which are negative, positive and perhaps neutral, offensive and complaint, in
            any order. A model without neutral never answers it; its probability is 0.
        calibration: for exactly the heads that the labels name. With None the logits are taken as they are.

    Raises:
        ValueError: the labels are others, or the calibration is for other heads.
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
        """Scores of a text without content. It is neutral by definition, because nothing said is nothing felt."""
        offence, complaint = (0.0 if name in self.labels else None for name in (OFFENCE, COMPLAINT))
        return TextScores(negative=0.0, neutral=1.0, positive=0.0, offence=offence, complaint=complaint)

    def scores(self, logits: ArrayLike, embeddings: NDArray[np.float16] | None = None) -> list[TextScores]:
        """Returns one answer for each row of logits, in order, with a copy of the row's embedding.

        Raises:
            Transient: a logit is NaN or infinite, since a broken number must not become a silent answer.
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
            # A view instead of a copy would keep the embeddings of its whole batch in memory as long as the cache
            # remembers one text of it.
            [None] * len(rows) if embeddings is None else [row.copy() for row in embeddings],
        ]
        return [TextScores(*values) for values in zip(*columns, strict=True)]

    def _sentiment(self, rows: _Floats) -> _Floats:
        logits = np.full((len(rows), len(SENTIMENT)), -np.inf)  # a label without a column gets probability 0
        for index, name in enumerate(SENTIMENT):
            if name in self.labels:
                logits[:, index] = rows[:, self.labels.index(name)]
        sentiment = self.calibration.sentiment
        logits = (logits + np.array(sentiment.bias)) / sentiment.temperature
        # The largest logit is subtracted first, or exp() would overflow on large ones.
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def _binary(self, rows: _Floats, name: str, by: BinaryCalibration | None) -> list[float] | list[None]:
        if by is None:
            return [None] * len(rows)
        logits = by.scale * rows[:, self.labels.index(name)] + by.bias
        probabilities: list[float] = (0.5 * (1 + np.tanh(logits / 2))).tolist()  # a sigmoid that cannot overflow
        return probabilities


def _check_labels(labels: Sequence[str]) -> None:
    needed, allowed = {"negative", "positive"}, {*SENTIMENT, OFFENCE, COMPLAINT}
    if len(set(labels)) != len(labels) or not needed <= set(labels) <= allowed:
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
