"""How good a classifier's answers are, from its logits alone (numpy only).

In: logits of shape (posts, classes) and true labels of shape (posts,). Out: numbers.
Never here: a model, a file.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def macro_recall(logits: Floats, labels: Labels) -> float:
    """Mean over the classes of the share found, 0..1 (the metric of SemEval-2017 task 4A)."""
    guesses = logits.argmax(axis=1)
    return float(np.mean([(guesses[labels == label] == label).mean() for label in np.unique(labels)]))


def probabilities(logits: Floats, temperature: float = 1.0) -> Floats:
    """Softmax of logits / temperature, rows add up to 1."""
    shifted = logits / temperature
    exponentials = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def expected_calibration_error(probability: Floats, labels: Labels, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017, section 2)."""
    confidence = probability.max(axis=1)
    right = probability.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        (bin_of == at).mean() * abs(right[bin_of == at].mean() - confidence[bin_of == at].mean())
        for at in np.unique(bin_of)
    ]
    return float(sum(gaps))


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The one divisor of the logits with the least log loss (Guo et al. 2017, section 4.2).

    A grid from 0.3 to 3.0 in steps of 0.01: the loss is flat around its least, finer gains nothing.
    """
    grid = np.arange(0.30, 3.001, 0.01)
    rows = np.arange(len(labels))
    losses = [-np.log(probabilities(logits, t)[rows, labels] + 1e-12).mean() for t in grid]
    return round(float(grid[int(np.argmin(losses))]), 2)
