"""Logits to probabilities: distributions always, and never a number made of a broken one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.models.heads import BinaryCalibration, Calibration, Heads, SentimentCalibration
from pipeline.errors import Transient
from pipeline.ports.models import TextScores

FIVE = ["negative", "neutral", "positive", "offensive", "complaint"]
LOGITS = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(LOGITS, LOGITS, LOGITS, LOGITS, LOGITS), min_size=1, max_size=5))
def test_any_finite_logits_give_probabilities(rows: list[tuple[float, ...]]) -> None:
    calibration = Calibration(
        sentiment=SentimentCalibration(temperature=0.7, bias=(1, -2, 3)),
        offence=BinaryCalibration(scale=3, bias=-1),
        complaint=BinaryCalibration(),
    )
    scores = Heads(FIVE, calibration).scores(rows)
    assert len(scores) == len(rows)
    for one in scores:
        assert sum(one[:3]) == pytest.approx(1, abs=1e-6)
        assert all(share is not None and 0 <= share <= 1 for share in one[:5])


def test_without_a_calibration_logits_are_taken_as_they_are() -> None:
    (one,) = Heads(FIVE).scores([[0.0, math.log(2), 0.0, math.log(3), 0.0]])
    assert one[:5] == pytest.approx((0.25, 0.5, 0.25, 0.75, 0.5))
    assert one.embedding is None


def test_without_a_neutral_column_neutral_is_never_the_answer() -> None:
    heads = Heads(["positive", "negative"])
    assert heads.scores([[math.log(3), 0.0]])[0] == pytest.approx((0.25, 0.0, 0.75, None, None, None))
    assert heads.blank == TextScores(0.0, 1.0, 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_broken_logit_is_an_error_of_its_batch(bad: float) -> None:
    with pytest.raises(Transient, match="2 of 3 texts"):
        Heads(FIVE).scores([[0.0] * 5, [0.0, bad, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, bad]])


@pytest.mark.parametrize(
    "labels",
    [
        [],
        ["negative", "neutral"],
        ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"],
        ["negative", "neutral", "positive", "mixed"],
        ["negative", "positive", "positive"],
    ],
)
def test_other_labels_are_refused_by_their_names(labels: list[str]) -> None:
    with pytest.raises(ValueError, match=f"found {', '.join(labels) or 'none'}"):
        Heads(labels)


def test_each_answer_has_its_own_copy_of_its_embedding() -> None:
    embeddings = np.arange(6, dtype=np.float16).reshape(2, 3)
    answers = Heads(FIVE).scores([[0.0] * 5] * 2, embeddings)
    for one, row in zip(answers, embeddings, strict=True):
        assert one.embedding is not None
        assert one.embedding.base is None  # a view would keep the whole batch alive in the cache
        np.testing.assert_array_equal(one.embedding, row)
