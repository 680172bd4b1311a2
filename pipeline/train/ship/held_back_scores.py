"""Computes what the card says about a model: scores of every head on posts that it has never seen.

Outputs with labels become `Scores`.
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
    """Maps each head to its scores. Each half of the posts is calibrated on the other, so that no fit judges
    itself.
    """
    scores = {}
    for head in posts.heads:
        own, labels = own_outputs(outputs, posts, head)
        fit = _binary if HEADS[head].binary else _sentiment(bias)
        scores[head] = scores_of(_cross_fit(own, labels, fit), labels)
    return scores


def served_scores(probability: Floats, posts: Posts) -> dict[str, Scores]:
    """Maps each head to the scores of probabilities (posts, outputs) as an engine gave them."""
    scores = {}
    for head in posts.heads:
        own, labels = own_outputs(probability, posts, head)
        scores[head] = scores_of(_both_classes(own) if HEADS[head].binary else own, labels)
    return scores


def own_outputs(outputs: Floats, posts: Posts, head: str) -> tuple[Floats, Labels]:
    """Returns outputs and labels of the posts that are labelled for the head. A yes-or-no head has outputs of
    shape (posts,).
    """
    which = posts.labelled_for(head)
    own = outputs[which][:, columns_of(posts.heads)[head]]
    labels = posts.labels[which, posts.heads.index(head)]
    return (own[:, 0] if HEADS[head].binary else own), labels


_Fit = Callable[[Floats, Labels, Floats], Floats]
"""Takes outputs and labels to fit on and outputs to answer, and returns probabilities (posts, classes)."""


def _sentiment(bias: tuple[float, ...]) -> _Fit:
    return lambda seen, labels, new: probabilities(fit_sentiment(seen, labels, bias).apply(new))


def _binary(seen: Floats, labels: Labels, new: Floats) -> Floats:
    return _both_classes(fit_binary(seen, labels).apply(new))


def _both_classes(probability: Floats) -> Floats:
    return np.stack([1 - probability, probability], axis=1)


def _cross_fit(outputs: Floats, labels: Labels, fit: _Fit) -> Floats:
    # Each half is answered by the fit on the other half.
    first, second = halves(len(labels))
    answered = {0: fit(outputs[second], labels[second], outputs[first])}
    answered[1] = fit(outputs[first], labels[first], outputs[second])
    result = np.zeros((len(labels), answered[0].shape[1]))
    result[first], result[second] = answered[0], answered[1]
    return result
