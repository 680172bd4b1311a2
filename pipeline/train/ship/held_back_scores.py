"""What the card says about a model: every head, on posts that it has never seen.

In: outputs with labels. Out: `Scores`. Never here: a model, a file.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.heads import HEADS
from pipeline.evaluation.measures import Floats, probabilities
from pipeline.evaluation.scores import Scores, scores_of
from pipeline.train.data.posts import Posts
from pipeline.train.fit.head_columns import columns_of
from pipeline.train.ship.calibration import fit_binary, fit_sentiment, halves

Labels = NDArray[np.int64]


def cross_fitted_scores(outputs: Floats, posts: Posts, bias: tuple[float, ...]) -> dict[str, Scores]:
    """Head to its scores, each half of the posts calibrated on the other half, so that no fit judges itself."""
    found = {}
    for head in posts.heads:
        own, labels = own_outputs(outputs, posts, head)
        fit = _binary if HEADS[head].binary else _sentiment(bias)
        found[head] = scores_of(_cross_fit(own, labels, fit), labels)
    return found


def served_scores(probability: Floats, posts: Posts) -> dict[str, Scores]:
    """Head to its scores of probabilities (posts, outputs) as an engine gave them."""
    found = {}
    for head in posts.heads:
        own, labels = own_outputs(probability, posts, head)
        found[head] = scores_of(_both_classes(own) if HEADS[head].binary else own, labels)
    return found


def own_outputs(outputs: Floats, posts: Posts, head: str) -> tuple[Floats, Labels]:
    """Outputs and labels of the posts that are labelled for the head; (posts,) outputs for a yes-or-no head."""
    which = posts.labelled_for(head)
    own = outputs[which][:, columns_of(posts.heads)[head]]
    labels = posts.labels[which, posts.heads.index(head)]
    return (own[:, 0] if HEADS[head].binary else own), labels


_Fit = Callable[[Floats, Labels, Floats], Floats]
"""Outputs and labels to fit on, outputs to answer: probabilities (posts, classes)."""


def _sentiment(bias: tuple[float, ...]) -> _Fit:
    return lambda seen, labels, new: probabilities(fit_sentiment(seen, labels, bias).apply(new))


def _binary(seen: Floats, labels: Labels, new: Floats) -> Floats:
    return _both_classes(fit_binary(seen, labels).apply(new))


def _both_classes(probability: Floats) -> Floats:
    return np.stack([1 - probability, probability], axis=1)


def _cross_fit(outputs: Floats, labels: Labels, fit: _Fit) -> Floats:
    first, second = halves(len(labels))
    answered = {0: fit(outputs[second], labels[second], outputs[first])}
    answered[1] = fit(outputs[first], labels[first], outputs[second])
    result = np.zeros((len(labels), answered[0].shape[1]))
    result[first], result[second] = answered[0], answered[1]
    return result
