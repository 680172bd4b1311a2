"""Macro recall, calibration error and temperature from logits alone."""

import numpy as np
import pytest

from pipeline.train.measures import expected_calibration_error, fit_temperature, macro_recall, probabilities


def test_macro_recall_counts_the_classes_alike() -> None:
    labels = np.array([0, 1, 1, 1, 1, 2])
    always_one = np.tile([0.0, 1.0, 0.0], (6, 1))
    assert macro_recall(always_one, labels) == pytest.approx(1 / 3)


def test_a_perfect_and_certain_model_has_no_calibration_error() -> None:
    labels = np.array([0, 1, 2])
    assert expected_calibration_error(np.eye(3), labels) == 0


def test_certainty_that_is_half_wrong_has_an_error_of_one_half() -> None:
    certain = np.tile([1.0, 0.0, 0.0], (4, 1))
    assert expected_calibration_error(certain, np.array([0, 1, 0, 2])) == pytest.approx(0.5)


def test_the_fitted_temperature_undoes_an_overconfident_scale() -> None:
    draw = np.random.default_rng(7)
    true_logits = draw.normal(0, 1.5, (6000, 3))
    labels = np.array([draw.choice(3, p=row) for row in probabilities(true_logits)])
    assert fit_temperature(true_logits * 2, labels) == pytest.approx(2, abs=0.1)


def test_probabilities_add_up_even_for_extreme_logits() -> None:
    rows = probabilities(np.array([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]]))
    assert rows.sum(axis=1) == pytest.approx([1, 1])
    assert rows[0, 0] == pytest.approx(1)
