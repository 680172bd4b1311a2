"""What the writer of a post wants: a built-in intent, or one that the workspace told by examples.

In: normalised texts and what one pass of the model said of them (`TextScores`, with its embedding), a policy's
own intents. Out: one `Intent` a text with its confidence, None where the model gave no embedding. Never here: an
engine, training (`pipeline/train/intents.py`).

The built-in ones are a linear head over the embedding, the model's probabilities and some signs in the words. Own
intents are ridge regression onto their few examples against a fixed background of other posts: a closed form, so a
new policy costs milliseconds and the same examples always give the same answers. How both were measured:
`deploy/decisions/0006-intent.md`.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.enrich.reading.intents.signs import SIGNS, signs_of
from pipeline.enrich.text.normalise import normalise
from pipeline.ports.models import TextModel, TextScores
from schemas.policy.policy import OwnIntent
from schemas.posts.signals import Intent, IntentName

Floats = NDArray[np.float32]

INTENTS: tuple[IntentName, ...] = get_args(IntentName)
"""The built-in intents, in the order of the head's columns."""
OWN_THRESHOLD = 0.6
"""Least confidence of an own intent. With ten intents of ten examples each, 5 in 1,000 ordinary support posts
reach it wrongly, and 81 % of the posts that mean one of them reach it rightly (`0006-intent.md`)."""
DECIMALS = 4
HEAD_BESIDE = "intent.npz"
"""In the folder of a model that is not the shipped one: the head that was made for it."""

_RIDGE = 0.3
"""Penalty relative to the mean squared length of the examples: flat between .1 and 1 on banking77."""
_SHARPNESSES = np.arange(4.0, 40.5, 0.5)
"""From regression values (1: like the examples, 0: not at all) to a softmax: of these the one with which the mean
confidence in the examples, each left out in turn, is the share of them that is then read right. More intents, or
more alike, need another one."""
_HEADS = ("negative", "positive", "offence", "complaint")
"""Of `TextScores`: whose logits are read; a missing one counts as undecided."""
LOGITS = len(_HEADS)
_LEAST, _MOST = 0.01, 0.99
"""Probabilities outside are cut before they become logits: one that is nearly certain must not drown the words."""


@dataclass(frozen=True)
class Head:
    """The trained numbers (`pipeline/weights/intent/head.npz`), made by `pipeline.train.intents`.

    Args:
        model: name of the model, without revision, whose embeddings it was trained on.
        weights: shape (inputs, intents); inputs are the embedding, the logits and the signs.
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
        """Embeddings of length 1 whose numbers count alike, shape (texts, width)."""
        moved = (embeddings - self.mean) / self.scale
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-6), dtype=np.float32)


class OwnIntents(NamedTuple):
    """A policy's own intents, ready to be compared; made by `IntentModel.learn`."""

    model: str
    """Name of the model, with revision, whose embeddings they are."""
    names: tuple[str, ...]
    mean: Floats
    """Of all examples and the background, shape (width,)."""
    weights: Floats
    """Shape (width, names + 1); the last column is the background's."""
    offsets: Floats
    """Shape (names + 1,)."""
    sharpness: float
    """What the values are multiplied with before they become probabilities."""


class IntentModel:
    """Tells intents; keeps no state, any thread may call it.

    Args:
        head: the trained numbers; None: those that come with the package.
    """

    def __init__(self, head: Head | None = None) -> None:
        self._head = load_head() if head is None else head

    @property
    def made_for(self) -> str:
        """Name of the model, without revision, whose posts the head can read."""
        return self._head.model

    def learn(self, intents: Sequence[OwnIntent], model: TextModel) -> OwnIntents | None:
        """The own intents of a policy, from their examples; None without any, or if the model gives no embedding.

        Blocking for as long as the model reads the examples (at most 1,000) and some milliseconds more.

        Raises:
            Transient: the engine failed.
        """
        told = [(at, normalise(text)) for at, intent in enumerate(intents) for text in intent.examples]
        scores = model.score([text for _, text in told])
        known = [
            (at, one.embedding) for (at, _), one in zip(told, scores, strict=True) if one.embedding is not None
        ]
        if not known or len(known[0][1]) != len(self._head.mean):
            return None
        classes = np.array([at for at, _ in known])
        examples = self._head.standardised(np.stack([one for _, one in known]).astype(np.float32))
        names = tuple(intent.name for intent in intents)
        return OwnIntents(model.name, names, *_ridge(examples, classes, len(names), self._head.background))

    def tell(
        self, texts: Sequence[str], scores: Sequence[TextScores], model: str, own: OwnIntents | None = None
    ) -> list[Intent | None]:
        """What the writer of each text wants; same length and order.

        Args:
            texts: as the model read them.
            scores: what it said of them.
            model: its name, with revision. The built-in intents are told only of the model that the head was
                trained on, in any revision; own intents only of the very model that read their examples.
            own: the workspace's own intents; one of them that is sure enough goes before the built-in ones.
        """
        found: list[Intent | None] = [None] * len(texts)
        known = [(at, one.embedding) for at, one in enumerate(scores) if one.embedding is not None]
        if not known:
            return found
        places = [at for at, _ in known]
        embeddings = np.stack([one for _, one in known]).astype(np.float32)
        if model.partition("@")[0] == self._head.model and embeddings.shape[1] == len(self._head.mean):
            probabilities = self.probabilities([texts[at] for at in places], [scores[at] for at in places])
            for at, row in zip(places, probabilities, strict=True):
                best = int(row.argmax())
                found[at] = Intent(name=INTENTS[best], confidence=round(float(row[best]), DECIMALS))
        if own is not None and own.model == model:
            for at, row in zip(places, self.own_probabilities(embeddings, own), strict=True):
                best = int(row[:-1].argmax())
                if row[best] >= OWN_THRESHOLD:
                    confidence = round(float(row[best]), DECIMALS)
                    found[at] = Intent(name=own.names[best], confidence=confidence, own=True)
        return found

    def probabilities(self, texts: Sequence[str], scores: Sequence[TextScores]) -> Floats:
        """Of each built-in intent (columns, order of `INTENTS`) for texts with an embedding; rows add up to 1."""
        values = _times(inputs(texts, scores), self._head.weights) + self._head.bias
        return _softmax(values)

    def own_probabilities(self, embeddings: Floats, own: OwnIntents) -> Floats:
        """Of each own intent and, in the last column, of none of them; rows add up to 1."""
        values = _times(self._head.standardised(embeddings) - own.mean, own.weights) + own.offsets
        return _softmax(own.sharpness * values)


def load_head(path: Path | None = None) -> Head:
    """Reads a head; None: the one that comes with the package.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: the head is of another version of this code.
    """
    path = path or Path(str(files("pipeline"))) / "weights" / "intent" / "head.npz"
    with np.load(io.BytesIO(path.read_bytes())) as stored:
        if tuple(stored["intents"]) != INTENTS or tuple(stored["signs"]) != SIGNS:
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
    """What the head reads of texts with an embedding, shape (texts, width + logits + signs)."""
    said = [one.embedding for one in scores if one.embedding is not None]
    logits = [[_logit(getattr(one, head)) for head in _HEADS] for one in scores]
    signs = [signs_of(text) for text in texts]
    return np.hstack([np.stack(said), np.array(logits), np.array(signs)]).astype(np.float32)


def _times(left: Floats, right: Floats) -> Floats:
    """The matrix product, without BLAS: its threads wait in a spin that the engine's processors pay for.

    50 of 120 us a post were that (measured, two cores).
    """
    return np.asarray(np.einsum("ij,jk->ik", left, right, optimize=False), dtype=np.float32)


def _logit(probability: float | None) -> float:
    cut = min(max(0.5 if probability is None else probability, _LEAST), _MOST)
    return math.log(cut / (1 - cut))


def _ridge(
    examples: Floats, classes: NDArray[np.int64], count: int, background: Floats
) -> tuple[Floats, Floats, Floats, float]:
    """Ridge regression of class membership (1 or 0), the background as one more class, solved in its dual form.

    What a row would get if it had not been learned from follows from its own weight in the fit (Hastie, Tibshirani
    and Friedman, The Elements of Statistical Learning, 7.10), so leaving each out in turn costs nothing.
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
    told = len(examples)
    own_weight = np.einsum("ij,ji->i", products[:told], inverse[:, :told]) + 1 / len(rows)
    fitted = products[:told] @ dual + offsets
    left_out = wanted[:told] - (wanted[:told] - fitted) / (1 - own_weight)[:, None]
    weights = (centred.T @ dual).astype(np.float32)
    return mean.astype(np.float32), weights, offsets.astype(np.float32), _sharpness(left_out, classes)


def _sharpness(values: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    right = float((values.argmax(axis=1) == classes).mean())
    gaps = [abs(float(_softmax(sharpness * values).max(axis=1).mean()) - right) for sharpness in _SHARPNESSES]
    return float(_SHARPNESSES[int(np.argmin(gaps))])


def _softmax(values: Floats | NDArray[np.float64]) -> Floats:
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)
