import numpy as np
import pytest

from pipeline.evaluation.measures import expected_calibration_error, macro_recall
from pipeline.train.ship.calibration import fit_binary, fit_prior_bias, fit_sentiment, halves, prior_bias

DRAW = np.random.default_rng(5)


def test_platt_finds_the_scale_and_bias_that_the_labels_were_drawn_with() -> None:
    outputs = DRAW.normal(size=40_000) * 2
    labels = (DRAW.random(40_000) < 1 / (1 + np.exp(-(0.6 * outputs - 0.8)))).astype(np.int64)
    found = fit_binary(outputs, labels)
    assert found.scale == pytest.approx(0.6, abs=0.03)
    assert found.bias == pytest.approx(-0.8, abs=0.04)


def test_platt_on_separable_posts_stays_finite() -> None:
    found = fit_binary(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([0, 0, 1, 1]))
    assert np.isfinite([found.scale, found.bias]).all()
    assert found.apply(np.array([5.0]))[0] > 0.9


def uneven(count: int = 30_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs as a model trained on uneven classes gives them: likelihood plus log prior."""
    shares = np.array([0.15, 0.45, 0.40])
    labels = DRAW.choice(3, size=count, p=shares)
    likelihood = DRAW.normal(size=(count, 3))
    likelihood[np.arange(count), labels] += 1.0
    return likelihood + np.log(shares), labels, shares


def test_taking_the_prior_off_raises_the_mean_recall() -> None:
    outputs, labels, shares = uneven()
    bias = fit_prior_bias(outputs, labels, shares)
    assert macro_recall(outputs + bias, labels) > macro_recall(outputs, labels) + 0.02
    assert bias[0] > bias[2] > bias[1]
    assert sum(bias) == pytest.approx(0, abs=1e-3)


def test_a_named_strength_takes_that_share_of_the_prior_off() -> None:
    shares = np.array([0.2, 0.3, 0.5])
    assert np.array(prior_bias(shares, 0.5)) == pytest.approx(
        -0.5 * (np.log(shares) - np.log(shares).mean()), abs=1e-4
    )
    assert prior_bias(shares, 0.0) == (0.0, 0.0, 0.0)


def test_even_classes_get_no_bias() -> None:
    labels = DRAW.choice(3, size=9_000)
    outputs = np.eye(3)[labels] + DRAW.normal(size=(9_000, 3))
    assert fit_prior_bias(outputs, labels, np.full(3, 1 / 3)) == (0.0, 0.0, 0.0)


def test_an_over_confident_model_is_cooled() -> None:
    outputs, labels, _ = uneven()
    found = fit_sentiment(outputs * 2.5, labels, (0.0, 0.0, 0.0))
    assert found.temperature == pytest.approx(2.5, abs=0.15)
    probability = np.exp(found.apply(outputs * 2.5))
    probability /= probability.sum(axis=1, keepdims=True)
    assert expected_calibration_error(probability, labels) < 0.02


def test_halves_are_two_that_make_a_whole() -> None:
    first, second = halves(101)
    assert sorted([*first, *second]) == list(range(101))
    assert abs(len(first) - len(second)) <= 1
