import numpy as np
import pytest

from pipeline.evaluation.heads import HEADS
from pipeline.train.data.posts import Posts
from pipeline.train.fit.head_columns import columns_of, output_names
from pipeline.train.ship.held_back_scores import cross_fitted_scores, own_outputs, served_scores

DRAW = np.random.default_rng(6)
EVERY = tuple(HEADS)


def known(count: int = 600) -> tuple[Posts, np.ndarray]:
    """Posts with labels of every head, and outputs that know them well."""
    labels = np.stack([DRAW.integers(0, 3, count), DRAW.integers(0, 2, count), DRAW.integers(0, 2, count)], axis=1)
    outputs = np.concatenate([np.eye(3)[labels[:, 0]] * 4, labels[:, 1:] * 6.0 - 3], axis=1)
    posts = Posts([str(at) for at in range(count)], labels, EVERY, np.zeros(count, dtype=np.int64))
    return posts, outputs + DRAW.normal(size=outputs.shape) * 0.5


def test_outputs_are_named_and_placed_head_by_head() -> None:
    assert output_names(EVERY) == ("negative", "neutral", "positive", "offensive", "complaint")
    assert columns_of(("sentiment", "complaint")) == {"sentiment": slice(0, 3), "complaint": slice(3, 4)}


def test_a_knowing_model_is_judged_nearly_perfect_in_every_head() -> None:
    posts, outputs = known()
    scores = cross_fitted_scores(outputs, posts, (0.0, 0.0, 0.0))
    for head in EVERY:
        assert scores[head].n == 600
        assert scores[head].macro_recall > 0.97
        assert (scores[head].auc or 0) > 0.99
        assert scores[head].ece < 0.05


def test_a_guessing_model_is_judged_as_one() -> None:
    posts, outputs = known()
    scores = cross_fitted_scores(DRAW.normal(size=outputs.shape), posts, (0.0, 0.0, 0.0))
    assert scores["offence"].auc == pytest.approx(0.5, abs=0.1)
    assert scores["sentiment"].macro_recall == pytest.approx(1 / 3, abs=0.1)


def test_only_the_posts_with_a_label_of_the_head_count() -> None:
    posts, outputs = known()
    posts.labels[:400, 1] = -1
    assert cross_fitted_scores(outputs, posts, (0.0, 0.0, 0.0))["offence"].n == 200
    own, labels = own_outputs(outputs, posts, "offence")
    assert own.shape == labels.shape == (200,)


def test_served_probabilities_are_judged_as_they_are() -> None:
    posts, _ = known()
    unsure = np.full((600, 5), 0.5)
    unsure[:, :3] = np.eye(3)[posts.labels[:, 0]] * 0.4 + 0.2
    scores = served_scores(unsure, posts)
    assert scores["sentiment"].macro_recall == 1.0
    assert scores["sentiment"].ece == pytest.approx(0.4)
