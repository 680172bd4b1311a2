"""Each measure against values worked out by hand, and against the slow way that its definition says."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.measures import (
    Floats,
    Labels,
    auc,
    class_f1s,
    class_recalls,
    confusion_matrix,
    expected_calibration_error,
    fit_temperature,
    guesses,
    macro_auc,
    macro_f1,
    macro_recall,
    probabilities,
)

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
GUESSED = np.array([0, 0, 1, 2, 1, 1, 0, 2, 2, 2])
"""Recalls 2/4, 2/3, 3/3; precisions 2/3, 2/3, 3/4."""
ANSWERS = np.eye(3)[GUESSED]


def binary(yes: list[float]) -> Floats:
    return np.column_stack((1 - np.array(yes), yes))


@st.composite
def answered(draw: st.DrawFn) -> tuple[Floats, Labels]:
    """Up to 30 posts with two or three classes; few different scores, so that there are ties."""
    classes, posts = draw(st.integers(2, 3)), draw(st.integers(1, 30))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=posts, max_size=posts))
    row = st.lists(st.integers(0, 4), min_size=classes, max_size=classes)
    scores = draw(st.lists(row, min_size=posts, max_size=posts))
    return np.array(scores, dtype=float), np.array(labels)


def test_macro_recall_counts_the_classes_alike() -> None:
    labels = np.array([0, 1, 1, 1, 1, 2])
    always_one = np.tile([0.0, 1.0, 0.0], (6, 1))
    assert macro_recall(always_one, labels) == pytest.approx(1 / 3)


def test_the_confusion_matrix_has_the_truth_in_its_rows() -> None:
    assert confusion_matrix(LABELS, GUESSED, 3).tolist() == [[2, 1, 1], [1, 2, 0], [0, 0, 3]]


def test_recalls_f1s_and_their_means_by_hand() -> None:
    matrix = confusion_matrix(LABELS, GUESSED, 3)
    assert class_recalls(matrix).tolist() == pytest.approx([2 / 4, 2 / 3, 1])
    # 2 TP / (2 TP + FP + FN): 4/7, 4/6, 6/7.
    assert class_f1s(matrix).tolist() == pytest.approx([4 / 7, 2 / 3, 6 / 7])
    assert macro_recall(ANSWERS, LABELS) == pytest.approx((2 / 4 + 2 / 3 + 1) / 3)
    assert macro_f1(ANSWERS, LABELS) == pytest.approx((4 / 7 + 2 / 3 + 6 / 7) / 3)


def test_a_class_without_posts_is_in_no_mean_though_it_was_guessed() -> None:
    labels, answers = np.array([0, 0, 1]), np.eye(3)[[0, 2, 1]]
    assert macro_recall(answers, labels) == pytest.approx((1 / 2 + 1) / 2)
    assert macro_f1(answers, labels) == pytest.approx((2 / 3 + 1) / 2)
    assert np.isnan(class_recalls(confusion_matrix(labels, guesses(answers), 3))[2])


def test_a_probability_of_one_half_is_a_yes_and_of_three_equals_the_first_counts() -> None:
    assert guesses(binary([0.5, np.nextafter(0.5, 0), 0.51, 0.0])).tolist() == [1, 0, 1, 0]
    assert guesses(np.array([[0.4, 0.4, 0.2], [0.0, 0.5, 0.5]])).tolist() == [0, 1]


def test_auc_by_hand() -> None:
    # Pairs (positive, other): .8 beats .4, .8, .1 by 1, 1/2, 1; .3 beats .1 alone. 3.5 of 6.
    scores = np.array([0.8, 0.3, 0.4, 0.8, 0.1])
    positive = np.array([True, True, False, False, False])
    assert auc(scores, positive) == pytest.approx(3.5 / 6)
    assert auc(-scores, positive) == pytest.approx(1 - 3.5 / 6)


def test_auc_of_perfect_reversed_and_constant_scores_and_of_one_class() -> None:
    positive = np.array([False, False, True, True])
    assert auc(np.array([1.0, 2, 3, 4]), positive) == 1
    assert auc(np.array([4.0, 3, 2, 1]), positive) == 0
    assert auc(np.array([1.0, 1, 1, 1]), positive) == 0.5
    assert auc(np.array([1.0, 2]), np.array([True, True])) is None
    assert macro_auc(binary([0.1, 0.9]), np.array([0, 0])) is None


def test_macro_auc_of_two_classes_is_the_plain_one_and_of_three_the_mean_of_each_against_the_rest() -> None:
    # So small that 1 - p is 1 for both: only the column of the yes can tell them apart.
    assert macro_auc(binary([1e-18, 1e-17]), np.array([0, 1])) == 1
    scores = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])
    # Class 0: 1. Class 1 (posts 1, 2 against 0, 3): .5 and .4 beat both: 1. Class 2 likewise.
    assert macro_auc(scores, np.array([0, 1, 1, 2])) == pytest.approx(1)
    # Class 0 (posts 0, 3): .7 beats both, .1 none: 1/2. Class 1 (post 1): 1.
    # Class 2 (post 2): .3 beats .1, ties .3, loses to .7: (1 + .5 + 0) / 3.
    assert macro_auc(scores, np.array([0, 1, 2, 0])) == pytest.approx((1 / 2 + 1 + 1.5 / 3) / 3)


@given(answered())
def test_macro_auc_is_the_share_of_pairs_in_the_right_order(given_: tuple[Floats, Labels]) -> None:
    scores, labels = given_
    found = []
    for at in range(scores.shape[1]) if scores.shape[1] > 2 else [1]:
        pairs = list(product(scores[labels == at, at], scores[labels != at, at]))
        if pairs:
            found.append(np.mean([(one > other) + (one == other) / 2 for one, other in pairs]))
    value = macro_auc(scores, labels)
    assert value == (pytest.approx(np.mean(found)) if found else None)


@given(answered())
def test_recall_and_f1_are_what_their_definitions_say(given_: tuple[Floats, Labels]) -> None:
    scores, labels = given_
    guessed = guesses(scores)
    recalls, f1s = [], []
    for at in sorted(set(labels.tolist())):
        found = sum((labels == at) & (guessed == at))
        recall = found / sum(labels == at)
        precision = found / sum(guessed == at) if sum(guessed == at) else 0.0
        recalls.append(recall)
        f1s.append(2 * precision * recall / (precision + recall) if found else 0.0)
    assert macro_recall(scores, labels) == pytest.approx(np.mean(recalls))
    assert macro_f1(scores, labels) == pytest.approx(np.mean(f1s))


@given(answered(), st.randoms())
def test_the_order_of_the_posts_changes_nothing(given_: tuple[Floats, Labels], shuffle: object) -> None:
    scores, labels = given_
    order = np.arange(len(labels))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    for measure in (macro_recall, macro_f1, macro_auc):
        before = measure(scores, labels)
        after = measure(scores[order], labels[order])
        assert after == (None if before is None else pytest.approx(before))


def test_a_perfect_and_certain_model_has_no_calibration_error() -> None:
    labels = np.array([0, 1, 2])
    assert expected_calibration_error(np.eye(3), labels) == 0


def test_certainty_that_is_half_wrong_has_an_error_of_one_half() -> None:
    certain = np.tile([1.0, 0.0, 0.0], (4, 1))
    assert expected_calibration_error(certain, np.array([0, 1, 0, 2])) == pytest.approx(0.5)


def test_calibration_of_a_yes_or_no_head_is_that_of_the_guessed_class() -> None:
    # Confidences .9 (no, right), .9 (yes, wrong), .6 (yes, right): bins {.9, .9} and {.6}.
    value = expected_calibration_error(binary([0.1, 0.9, 0.6]), np.array([0, 0, 1]))
    assert value == pytest.approx(2 / 3 * abs(0.5 - 0.9) + 1 / 3 * abs(1 - 0.6))
    # A yes by one half that is right: as a guess of class 0 it would be wrong.
    assert expected_calibration_error(binary([0.5]), np.array([1])) == pytest.approx(0.5)
    assert expected_calibration_error(binary([0.5] * 4), np.array([1, 1, 1, 0])) == pytest.approx(0.25)


def test_the_fitted_temperature_undoes_an_overconfident_scale() -> None:
    draw = np.random.default_rng(7)
    true_logits = draw.normal(0, 1.5, (6000, 3))
    labels = np.array([draw.choice(3, p=row) for row in probabilities(true_logits)])
    assert fit_temperature(true_logits * 2, labels) == pytest.approx(2, abs=0.1)


def test_probabilities_add_up_even_for_extreme_logits() -> None:
    rows = probabilities(np.array([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]]))
    assert rows.sum(axis=1) == pytest.approx([1, 1])
    assert rows[0, 0] == pytest.approx(1)
