"""Fits what turns the final model's outputs into probabilities that mean what they say, with numpy only.

Outputs and labels of held-back posts, and out-of-fold outputs, become numbers for the model's `config.json`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.measures import Floats, fit_temperature, macro_recall

Labels = NDArray[np.int64]
RIDGE = 1e-3
"""Keeps Newton's method stable where a head's classes are separable, and hardly moves the result elsewhere."""
NEWTON_STEPS = 50


@dataclass(frozen=True)
class SentimentCalibration:
    """Turns outputs into probabilities by softmax((outputs + bias) / temperature)."""

    temperature: float
    bias: tuple[float, ...]

    def apply(self, outputs: Floats) -> Floats:
        """Returns calibrated outputs, still before the softmax."""
        return np.asarray((outputs + np.array(self.bias)) / self.temperature)


@dataclass(frozen=True)
class BinaryCalibration:
    """Turns an output into a probability by sigmoid(scale * output + bias) (Platt 1999)."""

    scale: float
    bias: float

    def apply(self, outputs: Floats) -> Floats:
        """Returns probabilities of shape (posts,)."""
        return np.asarray(1 / (1 + np.exp(-(self.scale * outputs + self.bias))))


def fit_prior_bias(outputs: Floats, labels: Labels, shares: NDArray[np.float64]) -> tuple[float, ...]:
    """Returns the bias -strength * log(class share) with the best macro recall (logit adjustment, Menon et al.
    2021).

    The classes of the training posts are uneven (negative 15 %), and those of a brand are uneven in another way.
    Taking the training's prior off serves the mean of the classes' recalls, which no prior moves. The strength
    comes from out-of-fold outputs of all training posts, because 48,040 of them show a gain that 2,000 cannot.

    Strengths are tried in steps of 0.1. The smallest one within 0.05 points of the best is taken, since
    probabilities drift from those of the data with it.
    """
    strengths = np.arange(0.0, 1.01, 0.1)
    recalls = np.array([macro_recall(outputs - strength * np.log(shares), labels) for strength in strengths])
    best = strengths[int(np.argmax(recalls >= recalls.max() - 0.0005))]
    return prior_bias(shares, float(best))


def prior_bias(shares: NDArray[np.float64], strength: float) -> tuple[float, ...]:
    """Returns -strength * log(class share) with a mean of 0. A class that does not occur counts as 1e-6."""
    bias = -strength * np.log(np.maximum(shares, 1e-6))
    return tuple(round(float(value), 4) for value in bias - bias.mean())


def fit_sentiment(outputs: Floats, labels: Labels, bias: tuple[float, ...]) -> SentimentCalibration:
    """Returns the temperature at which confidence is accuracy, given the bias (see `fit_temperature`)."""
    return SentimentCalibration(fit_temperature(outputs + np.array(bias), labels), bias)


def fit_binary(outputs: Floats, labels: Labels) -> BinaryCalibration:
    """Returns the scale and bias with the least log loss (Platt 1999), by Newton's method with some ridge."""
    features = np.stack([outputs, np.ones_like(outputs)], axis=1)
    # The start is the uncalibrated head, and the ridge below pulls towards it.
    weights = np.array([1.0, 0.0])
    for _ in range(NEWTON_STEPS):
        guessed = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (guessed - labels) + RIDGE * (weights - [1.0, 0.0])
        curve = (features * (guessed * (1 - guessed))[:, None]).T @ features + RIDGE * np.eye(2)
        weights = weights - np.linalg.solve(curve, slope)
    return BinaryCalibration(round(float(weights[0]), 4), round(float(weights[1]), 4))


def halves(count: int, seed: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns two random halves. A fit on either one is judged on the other."""
    order = np.random.default_rng(seed).permutation(count)
    return order[: count // 2], order[count // 2 :]
