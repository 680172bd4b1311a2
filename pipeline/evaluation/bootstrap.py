"""Says how far a measure may be off by the luck of which posts were labelled, as percentile bootstrap intervals.

Posts are drawn again with replacement, as many as there are. The middle 95 % of a measure over 1000 such draws is
its interval (Efron 1979; Efron and Tibshirani 1993, section 13.3).

The calibration error has no interval. Drawing again adds noise to every bin and noise makes every gap larger, so
the interval would lie above the value itself.
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
"""So many draws are made."""
LEVEL = 0.95
"""This is the share of the draws that lies within an interval."""
_CELLS_AT_ONCE = 600_000
"""So many weights are in memory at once, which is 5 MB or 50 draws of 12,000 posts."""


class Interval(NamedTuple):
    """Bounds the middle 95 % of the draws."""

    low: float
    high: float


def intervals(
    probability: Floats, labels: Labels, *, resamples: int = RESAMPLES, seed: int = 1
) -> dict[str, Interval | None]:
    """Returns intervals of macro_recall, macro_f1 and auc. The one of auc is None where there is only one class.

    A draw may lack a rare class. Its macro mean is then over the others.

    Args:
        probability: shape (posts, classes), with at least one post.
        labels: the true classes.
        resamples: the number of draws.
        seed: the same seed gives the same intervals.
    """
    posts, classes = probability.shape
    # Each post falls into one cell of the confusion matrix, so that one matrix product counts all draws of a step.
    cell = labels * classes + guesses(probability)
    in_cell = (cell[:, None] == np.arange(classes * classes)).astype(np.float64)
    draw = np.random.default_rng(seed)
    measured: dict[str, list[Floats]] = {"macro_recall": [], "macro_f1": [], "auc": []}
    # The draws come in steps, since all weights at once would fill the memory for a large set of posts.
    step = max(1, _CELLS_AT_ONCE // posts)
    for start in range(0, resamples, step):
        weights = _draws(draw, min(step, resamples - start), posts)
        matrices = (weights @ in_cell).reshape(-1, classes, classes)
        measured["macro_recall"].append(mean_of_present(class_recalls(matrices)))
        measured["macro_f1"].append(mean_of_present(class_f1s(matrices)))
        measured["auc"].append(weighted_macro_aucs(probability, labels, weights))
    return {name: _middle(np.concatenate(values)) for name, values in measured.items()}


def _draws(draw: np.random.Generator, rows: int, posts: int) -> Floats:
    """Returns how often each draw has each post, with shape (rows, posts)."""
    # Each row gets a range of numbers of its own, so that one bincount serves all rows.
    drawn = draw.integers(posts, size=(rows, posts)) + np.arange(rows)[:, None] * posts
    return np.bincount(drawn.ravel(), minlength=rows * posts).reshape(rows, posts).astype(np.float64)


def _middle(values: Floats) -> Interval | None:
    present = values[~np.isnan(values)]
    if not len(present):
        return None
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(present, (tail, 100 - tail))
    return Interval(float(low), float(high))
