"""Whether somebody must act within about an hour, as one probability a text.

The input is normalised texts with the answers of one pass of the model. Training is `pipeline/train/pressing.py`,
and `deploy/decisions/0013-priority.md` says what counts as pressing and how the head was measured.

The head is logistic regression over the embedding and the signs of `signs`. The words of urgency (`tone/urgency`)
know the gravest matters in five languages and say nothing about most posts. This head tells the others apart, so
that the priorities of ordinary complaints do not all lie close together.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.enrich.reading.linear import Floats, stored_numbers, times
from pipeline.enrich.reading.pressing.signs import PRESSING_SIGNS, pressing_signs
from pipeline.ports.models import TextScores

DECIMALS = 4
HEAD_BESIDE = "pressing.npz"
"""A model that is not the shipped one brings the head that was made for it under this name in its folder."""


class PressingHead(NamedTuple):
    """Holds the trained numbers (`pipeline/weights/pressing/head.npz`), which `pipeline.train.pressing` makes."""

    model: str
    """The name, without revision, of the model on whose embeddings it was trained."""
    weights: Floats
    """The shape is (width + signs,)."""
    bias: float


class PressingModel:
    """Answers whether texts are pressing. It keeps no state, and any thread may call it.

    Args:
        head: the trained numbers; None stands for those that come with the package.
    """

    def __init__(self, head: PressingHead | None = None) -> None:
        self._head = load_pressing_head() if head is None else head

    def classify(self, texts: Sequence[str], scores: Sequence[TextScores], model: str) -> list[float | None]:
        """Returns the probability of each text, in order; None without an embedding that the head can read.

        Args:
            texts: as the model read them.
            scores: the model's answers.
            model: its name, with revision. It must be the model that the head was trained on, in any revision.
        """
        width = len(self._head.weights) - len(PRESSING_SIGNS)
        answers: list[float | None] = [None] * len(texts)
        if model.partition("@")[0] != self._head.model:
            return answers
        readable = [
            index
            for index, score in enumerate(scores)
            if score.embedding is not None and len(score.embedding) == width
        ]
        if not readable:
            return answers
        rows = pressing_inputs([texts[index] for index in readable], [scores[index] for index in readable])
        values = times(rows, self._head.weights[:, None])[:, 0] + self._head.bias
        shares = 0.5 * (1 + np.tanh(values / 2))  # a sigmoid that cannot overflow
        for index, share in zip(readable, shares.tolist(), strict=True):
            answers[index] = round(share, DECIMALS)
        return answers


def load_pressing_head(path: Path | None = None) -> PressingHead:
    """Reads a head; without a path it is the one that comes with the package.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: the head is of another version of this code.
    """
    path, stored = stored_numbers(path, "pressing")
    # A head that was trained for other signs would give plausible nonsense.
    if tuple(stored["signs"]) != PRESSING_SIGNS:
        raise ValueError(f"{path}: trained for other signs: run python -m pipeline.train.pressing")
    return PressingHead(str(stored["model"]), stored["weights"].astype(np.float32), float(stored["bias"]))


def pressing_inputs(texts: Sequence[str], scores: Sequence[TextScores]) -> Floats:
    """Returns what the head reads of texts with an embedding, shape (texts, width + signs)."""
    pairs = zip(texts, scores, strict=True)
    read = [(score.embedding, pressing_signs(text)) for text, score in pairs if score.embedding is not None]
    return np.hstack([np.stack([embedding for embedding, _ in read]), [signs for _, signs in read]]).astype(
        np.float32
    )
