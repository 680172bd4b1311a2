from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.memory_model import KeywordSentiment
from pipeline.enrich.sentiment import read_sentiments, readable_text
from pipeline.ports import SentimentScores
from tests.unit.enrich.posts import raw_post


class Fixed:
    """Answers every text with the same scores, `extra` answers too many."""

    name = "fixed@0"

    def __init__(self, scores: SentimentScores, extra: int = 0) -> None:
        self._scores, self._extra = scores, extra

    def score(self, texts: Sequence[str]) -> list[SentimentScores]:
        return [self._scores] * (len(texts) + self._extra)


def test_title_and_text_are_read_normalised() -> None:
    assert readable_text(raw_post("see https://a.b/c @bob", title="Bad  day")) == "Bad day see http @user"


def test_a_post_without_readable_text_has_no_sentiment_and_order_is_kept() -> None:
    posts = [raw_post("love it"), raw_post("\u200b\u200d"), raw_post(None, rating=1), raw_post("awful")]
    found = read_sentiments(posts, KeywordSentiment())
    assert [None if one is None else one.label for one in found] == ["positive", None, None, "negative"]


def test_no_posts_give_no_answers() -> None:
    assert read_sentiments([], KeywordSentiment()) == []


@given(st.lists(st.floats(min_value=1e-9, max_value=1), min_size=3, max_size=3))
def test_probabilities_are_rounded_and_still_one_and_the_label_is_the_largest(weights: list[float]) -> None:
    scores = SentimentScores(*(weight / sum(weights) for weight in weights))
    (found,) = read_sentiments([raw_post()], Fixed(scores))
    assert found is not None
    values = found.probabilities.model_dump()
    assert abs(sum(values.values()) - 1) <= 1e-3
    assert all(value == round(value, 4) for value in values.values())
    assert values[found.label] == max(values.values())


def test_a_model_that_answers_another_number_of_texts_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 of 1"):
        read_sentiments([raw_post()], Fixed(SentimentScores(1, 0, 0), extra=1))


def test_a_model_that_answers_no_distribution_is_an_error() -> None:
    with pytest.raises(ValueError, match="finite"):
        read_sentiments([raw_post()], Fixed(SentimentScores(float("nan"), 0, 0)))
