"""Intervals: against resampling post by post, and whether they cover what they say they cover."""

import numpy as np
import pytest

from pipeline.evaluation.bootstrap import intervals
from pipeline.evaluation.measures import Floats, Labels, macro_auc, macro_f1, macro_recall


def world(posts: int, seed: int, classes: int = 3) -> tuple[Floats, Labels]:
    """Posts whose true class gets a higher score more often than not."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(classes, size=posts)
    scores = draw.random((posts, classes)) + 0.5 * np.eye(classes)[labels]
    return scores / scores.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("classes", [2, 3])
def test_an_interval_is_that_of_drawing_posts_one_by_one(classes: int) -> None:
    probability, labels = world(60, seed=3, classes=classes)
    draw = np.random.default_rng(5)
    values: dict[str, list[float]] = {"macro_recall": [], "macro_f1": [], "auc": []}
    for _ in range(4000):
        which = draw.integers(60, size=60)
        values["macro_recall"].append(macro_recall(probability[which], labels[which]))
        values["macro_f1"].append(macro_f1(probability[which], labels[which]))
        values["auc"].append(macro_auc(probability[which], labels[which]) or 0.0)
    found = intervals(probability, labels, resamples=4000)
    for name, render in values.items():
        interval = found[name]
        assert interval is not None
        # 4000 draws know a 2.5 % bound of so few posts to about a hundredth.
        assert interval == pytest.approx(tuple(np.percentile(render, (2.5, 97.5))), abs=0.015), name


def test_the_true_recall_lies_within_as_often_as_promised() -> None:
    probability, labels = world(100_000, seed=1)
    truth = macro_recall(probability, labels)
    within = 0
    for start in range(0, 60_000, 300):
        part = slice(start, start + 300)
        interval = intervals(probability[part], labels[part], resamples=300)["macro_recall"]
        assert interval is not None
        within += interval.low <= truth <= interval.high
    # 200 intervals of 95 %: fewer than 180 or 200 of them would happen once in thousands of worlds.
    assert 180 <= within < 200


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    probability, labels = world(200, seed=2)
    assert intervals(probability, labels) == intervals(probability, labels)
    assert intervals(probability, labels) != intervals(probability, labels, seed=2)


def test_more_posts_than_one_piece_holds_are_drawn_in_pieces() -> None:
    probability, labels = world(700_000, seed=4)
    found = intervals(probability, labels, resamples=3)["macro_recall"]
    assert found is not None
    assert found.low <= found.high
    assert found == pytest.approx((macro_recall(probability, labels),) * 2, abs=0.01)


def test_one_post_and_one_class_have_recall_but_no_auc() -> None:
    found = intervals(np.array([[0.2, 0.8]]), np.array([1]))
    assert (found["macro_recall"], found["macro_f1"], found["auc"]) == ((1, 1), (1, 1), None)


def test_draws_without_a_rare_class_count_the_others() -> None:
    probability, labels = world(40, seed=6)
    labels[:] = labels % 2
    labels[0] = 2
    for interval in intervals(probability, labels).values():
        assert interval is not None
        assert 0 <= interval.low <= interval.high <= 1
