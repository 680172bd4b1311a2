"""How far a measure may be off by the luck of which posts were labelled: percentile bootstrap intervals.

In: probabilities and true labels. Out: an interval a measure. Never here: the measures themselves.

Posts are drawn again with replacement, as many as there are; the middle 95 % of a measure over 1000 such draws is
its interval (Efron 1979; Efron and Tibshirani 1993, section 13.3). None for the calibration error: drawing again
adds noise to every bin, noise makes every gap larger, and the interval would lie above the value itself.
"""

from typing import NamedTuple

import numpy as np

from pipeline.evaluation.measures import (
    Floats,
    Labels,
    class_f1s,
    class_recalls,
    guesses,
    mean_of_present,
    weighted_macro_aucs,
)

RESAMPLES = 1000
LEVEL = 0.95
_CELLS_AT_ONCE = 600_000
"""Weights in memory at once, 5 MB: 50 draws of 12,000 posts."""


class Interval(NamedTuple):
    """Where the middle 95 % of the draws lie."""

    low: float
    high: float


def intervals(
    probability: Floats, labels: Labels, *, resamples: int = RESAMPLES, seed: int = 1
) -> dict[str, Interval | None]:
    """Intervals of macro_recall, macro_f1 and auc; None for auc where one class is all there is.

    A draw may lack a rare class: its macro mean is then over the others.

    Args:
        probability: shape (posts, classes), at least one post.
        labels: true classes.
        resamples: draws.
        seed: the same seed gives the same intervals.
    """
    posts, classes = probability.shape
    cell = labels * classes + guesses(probability)
    in_cell = (cell[:, None] == np.arange(classes * classes)).astype(np.float64)
    draw = np.random.default_rng(seed)
    found: dict[str, list[Floats]] = {"macro_recall": [], "macro_f1": [], "auc": []}
    step = max(1, _CELLS_AT_ONCE // posts)
    for start in range(0, resamples, step):
        weights = _draws(draw, min(step, resamples - start), posts)
        matrices = (weights @ in_cell).reshape(-1, classes, classes)
        found["macro_recall"].append(mean_of_present(class_recalls(matrices)))
        found["macro_f1"].append(mean_of_present(class_f1s(matrices)))
        found["auc"].append(weighted_macro_aucs(probability, labels, weights))
    return {name: _middle(np.concatenate(values)) for name, values in found.items()}


def _draws(draw: np.random.Generator, rows: int, posts: int) -> Floats:
    """How often each draw has each post, shape (rows, posts)."""
    drawn = draw.integers(posts, size=(rows, posts)) + np.arange(rows)[:, None] * posts
    return np.bincount(drawn.ravel(), minlength=rows * posts).reshape(rows, posts).astype(np.float64)


def _middle(values: Floats) -> Interval | None:
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(known, (tail, 100 - tail))
    return Interval(float(low), float(high))
