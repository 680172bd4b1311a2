"""What the writer of a post wants: a built-in intent, or one that the workspace defines by examples.

The input is normalised texts with the answers of one pass of the model (`TextScores`, with its embedding). A text
gets one `Intent` with its confidence, or None where the model gave no embedding. Engines and training
(`pipeline/train/intents.py`) are elsewhere.

The built-in intents are a linear head over the embedding, the model's probabilities and some features of the
words. Own intents are ridge regression onto their few examples against a fixed background of other posts. It has a
closed form, so a new policy costs milliseconds and the same examples always give the same answers.
`deploy/decisions/0006-intent.md` says how both were measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.enrich.reading.intents.features import INTENT_FEATURES, intent_features
from pipeline.enrich.reading.linear import Floats, stored_numbers, times
from pipeline.enrich.text.normalise import normalise
from pipeline.ports.models import TextModel, TextScores
from schemas.policy.policy import OwnIntent
from schemas.posts.signals import Intent, IntentName

INTENTS: tuple[IntentName, ...] = get_args(IntentName)
"""The built-in intents stand in the order of the head's columns."""
OWN_THRESHOLD = 0.6
"""An own intent needs this confidence. With ten intents of ten examples each, 5 in 1,000 ordinary support posts
reach it wrongly, and 81 % of the posts that mean one of them reach it rightly (`0006-intent.md`)."""
DECIMALS = 4
HEAD_BESIDE = "intent.npz"
"""A model that is not the shipped one brings the head that was made for it under this name in its folder."""

_RIDGE = 0.3
"""The penalty is relative to the mean squared length of the examples; results are flat from .1 to 1 on
banking77."""
_SHARPNESSES = np.arange(4.0, 40.5, 0.5)
"""Candidates for the softmax sharpness, which turns regression values (1: like the examples) into probabilities.

The chosen one makes the mean leave-one-out confidence equal to the leave-one-out accuracy. It depends on the set
of intents, because more of them, or more similar ones, need another sharpness.
"""
_HEADS = ("negative", "positive", "offence", "complaint")
"""The logits of these heads of `TextScores` are inputs. A head that a model lacks counts as undecided."""
LOGITS = len(_HEADS)
_LEAST, _MOST = 0.01, 0.99
"""Probabilities are cut to this range before they become logits, so that a nearly certain head drowns no words."""


@dataclass(frozen=True)
class Head:
    """Holds the trained numbers (`pipeline/weights/intent/head.npz`), which `pipeline.train.intents` makes.

    Args:
        model: name of the model, without revision, whose embeddings it was trained on.
        weights: shape (inputs, intents); inputs are the embedding, the logits and the features.
        bias: shape (intents,).
        mean, scale: of the embeddings of ordinary posts, shape (width,).
        background: embeddings of ordinary posts of all kinds, standardised, length 1, shape (posts, width).
    """

    model: str
    weights: Floats
    bias: Floats
    mean: Floats
    scale: Floats
    background: Floats

    def standardised(self, embeddings: Floats) -> Floats:
        """Returns embeddings of length 1 whose numbers count alike, shape (texts, width)."""
        moved = (embeddings - self.mean) / self.scale
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-6), dtype=np.float32)


class OwnIntents(NamedTuple):
    """Holds a policy's own intents, fitted by `IntentModel.fit_own_intents`."""

    model: str
    """The name and revision of the model whose embeddings were fitted."""
    names: tuple[str, ...]
    mean: Floats
    """The mean of all examples and the background, shape (width,)."""
    weights: Floats
    """The shape is (width, names + 1), and the last column is the background's."""
    offsets: Floats
    """The shape is (names + 1,)."""
    sharpness: float
    """The values are multiplied by it before they become probabilities."""


class IntentModel:
    """Classifies texts. It keeps no state, and any thread may call it.

    Args:
        head: the trained numbers; None stands for those that come with the package.
    """

    def __init__(self, head: Head | None = None) -> None:
        self._head = load_head() if head is None else head

    @property
    def made_for(self) -> str:
        """The name, without revision, of the model whose embeddings the head can read."""
        return self._head.model

    def fit_own_intents(self, intents: Sequence[OwnIntent], model: TextModel) -> OwnIntents | None:
        """Fits a policy's own intents to their examples; returns None without any, or without an embedding.

        It blocks for as long as the model reads the examples (at most 1,000) and some milliseconds more.

        Raises:
            Transient: the engine failed.
        """
        examples = [(index, normalise(text)) for index, intent in enumerate(intents) for text in intent.examples]
        scores = model.score([text for _, text in examples])
        embedded = [
            (index, score.embedding)
            for (index, _), score in zip(examples, scores, strict=True)
            if score.embedding is not None
        ]
        # Another model's embedding may be wider or narrower, and the background below is of the head's model.
        if not embedded or len(embedded[0][1]) != len(self._head.mean):
            return None
        classes = np.array([index for index, _ in embedded])
        rows = self._head.standardised(np.stack([embedding for _, embedding in embedded]).astype(np.float32))
        names = tuple(intent.name for intent in intents)
        return OwnIntents(model.name, names, *_ridge(rows, classes, len(names), self._head.background))

    def classify(
        self, texts: Sequence[str], scores: Sequence[TextScores], model: str, own: OwnIntents | None = None
    ) -> list[Intent | None]:
        """Returns what the writer of each text wants, in the same length and order.

        Args:
            texts: as the model read them.
            scores: the model's answers.
            model: its name, with revision. The built-in intents need the model that the head was trained on, in
                any revision, and own intents the very model that read their examples.
            own: the workspace's own intents; one of them that is sure enough goes before the built-in ones.
        """
        intents: list[Intent | None] = [None] * len(texts)
        embedded = [(index, score.embedding) for index, score in enumerate(scores) if score.embedding is not None]
        if not embedded:
            return intents
        indexes = [index for index, _ in embedded]
        embeddings = np.stack([embedding for _, embedding in embedded]).astype(np.float32)
        if model.partition("@")[0] == self._head.model and embeddings.shape[1] == len(self._head.mean):
            probabilities = self.probabilities(
                [texts[index] for index in indexes], [scores[index] for index in indexes]
            )
            for index, row in zip(indexes, probabilities, strict=True):
                best = int(row.argmax())
                intents[index] = Intent(name=INTENTS[best], confidence=round(float(row[best]), DECIMALS))
        if own is not None and own.model == model:
            for index, row in zip(indexes, self.own_probabilities(embeddings, own), strict=True):
                best = int(row[:-1].argmax())  # the last column means that the text is none of them
                # Below the threshold the built-in intent stays, which was set above.
                if row[best] >= OWN_THRESHOLD:
                    confidence = round(float(row[best]), DECIMALS)
                    intents[index] = Intent(name=own.names[best], confidence=confidence, own=True)
        return intents

    def probabilities(self, texts: Sequence[str], scores: Sequence[TextScores]) -> Floats:
        """Returns a row for each text with an embedding and a column for each of `INTENTS`; rows add up to 1."""
        values = times(inputs(texts, scores), self._head.weights) + self._head.bias
        return _softmax(values)

    def own_probabilities(self, embeddings: Floats, own: OwnIntents) -> Floats:
        """Returns a column for each own intent and a last one for none of them; rows add up to 1."""
        values = times(self._head.standardised(embeddings) - own.mean, own.weights) + own.offsets
        return _softmax(own.sharpness * values)


def load_head(path: Path | None = None) -> Head:
    """Reads a head; without a path it is the one that comes with the package.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: the head is of another version of this code.
    """
    path, stored = stored_numbers(path, "intent")
    # A head that was trained for another order of intents or features would give plausible nonsense.
    if tuple(stored["intents"]) != INTENTS or tuple(stored["signs"]) != INTENT_FEATURES:
        raise ValueError(f"{path}: trained for other intents or signs: run python -m pipeline.train.intents")
    background = stored["background"].astype(np.float32)
    return Head(
        model=str(stored["model"]),
        weights=stored["weights"].astype(np.float32),
        bias=stored["bias"].astype(np.float32),
        mean=stored["mean"].astype(np.float32),
        scale=stored["scale"].astype(np.float32),
        background=background / np.linalg.norm(background, axis=1, keepdims=True),
    )


def inputs(texts: Sequence[str], scores: Sequence[TextScores]) -> Floats:
    """Returns what the head reads of texts with an embedding, shape (texts, width + logits + features)."""
    embeddings = [score.embedding for score in scores if score.embedding is not None]
    logits = [[_logit(getattr(score, head)) for head in _HEADS] for score in scores]
    features = [intent_features(text) for text in texts]
    return np.hstack([np.stack(embeddings), np.array(logits), np.array(features)]).astype(np.float32)


def _logit(probability: float | None) -> float:
    cut = min(max(0.5 if probability is None else probability, _LEAST), _MOST)
    return math.log(cut / (1 - cut))


def _ridge(
    examples: Floats, classes: NDArray[np.int64], count: int, background: Floats
) -> tuple[Floats, Floats, Floats, float]:
    """Fits class membership (1 or 0) by ridge regression in its dual form; the background is one more class.

    The value that a row would get if it were left out of the fit follows from its own weight in the fit (Hastie,
    Tibshirani and Friedman, The Elements of Statistical Learning, 7.10), so leave-one-out costs nothing.
    """
    rows = np.vstack([examples, background]).astype(np.float64)
    wanted = np.zeros((len(rows), count + 1))
    wanted[np.arange(len(rows)), np.concatenate([classes, np.full(len(background), count)])] = 1
    mean, offsets = rows.mean(axis=0), wanted.mean(axis=0)
    centred = rows - mean
    products = centred @ centred.T
    penalised = products.copy()
    penalised[np.diag_indices_from(penalised)] += _RIDGE * np.trace(products) / len(rows)
    inverse = np.linalg.inv(penalised)
    dual = inverse @ (wanted - offsets)
    size = len(examples)
    own_weight = np.einsum("ij,ji->i", products[:size], inverse[:, :size]) + 1 / len(rows)
    fitted = products[:size] @ dual + offsets
    left_out = wanted[:size] - (wanted[:size] - fitted) / (1 - own_weight)[:, None]
    weights = (centred.T @ dual).astype(np.float32)
    return mean.astype(np.float32), weights, offsets.astype(np.float32), _sharpness(left_out, classes)


def _sharpness(values: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    right = float((values.argmax(axis=1) == classes).mean())
    gaps = [abs(float(_softmax(sharpness * values).max(axis=1).mean()) - right) for sharpness in _SHARPNESSES]
    return float(_SHARPNESSES[int(np.argmin(gaps))])


def _softmax(values: Floats | NDArray[np.float64]) -> Floats:
    # Without the subtraction a large value would overflow; the result is the same.
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)
