from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.memory_model import KeywordSentiment
from pipeline.enrich.reading import NOTHING, read_posts, readable_text
from pipeline.ports import TextScores
from tests.unit.enrich.posts import raw_post


class Fixed:
    """Answers every text with the same scores, `extra` answers too many."""

    name = "fixed@0"

    def __init__(self, scores: TextScores, extra: int = 0) -> None:
        self._scores, self._extra = scores, extra

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        return [self._scores] * (len(texts) + self._extra)


def test_title_and_text_are_read_normalised() -> None:
    assert readable_text(raw_post("see https://a.b/c @bob", title="Bad  day")) == "Bad day see http @user"


def test_a_post_without_readable_text_has_an_empty_reading_and_order_is_kept() -> None:
    posts = [raw_post("love it"), raw_post("\u200b\u200d"), raw_post(None, rating=1), raw_post("awful")]
    found = read_posts(posts, KeywordSentiment())
    assert [one.sentiment and one.sentiment.label for one in found] == ["positive", None, None, "negative"]
    assert found[1] == found[2] == NOTHING == (None, None, None)


def test_no_posts_give_no_answers() -> None:
    assert read_posts([], KeywordSentiment()) == []


@given(st.lists(st.floats(min_value=1e-9, max_value=1), min_size=3, max_size=3))
def test_probabilities_are_rounded_and_still_one_and_the_label_is_the_largest(weights: list[float]) -> None:
    scores = TextScores(*(weight / sum(weights) for weight in weights))
    (found,) = read_posts([raw_post()], Fixed(scores))
    assert found.sentiment is not None
    values = found.sentiment.probabilities.model_dump()
    assert abs(sum(values.values()) - 1) <= 1e-3
    assert all(value == round(value, 4) for value in values.values())
    assert values[found.sentiment.label] == max(values.values())


def test_the_other_heads_answers_are_rounded_and_absent_where_the_model_has_no_such_head() -> None:
    (found,) = read_posts([raw_post()], Fixed(TextScores(1, 0, 0, offence=0.123456, complaint=1.0)))
    assert (found.offence, found.complaint) == (0.1235, 1.0)
    (found,) = read_posts([raw_post()], Fixed(TextScores(1, 0, 0, complaint=0.0)))
    assert (found.offence, found.complaint) == (None, 0.0)


def test_all_heads_are_read_in_one_pass() -> None:
    class Counting(Fixed):
        calls = 0

        def score(self, texts: Sequence[str]) -> list[TextScores]:
            self.calls += 1
            return super().score(texts)

    model = Counting(TextScores(1, 0, 0, offence=0.5, complaint=0.5))
    read_posts([raw_post("one"), raw_post("two")], model)
    assert model.calls == 1


def test_a_model_that_answers_another_number_of_texts_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 of 1"):
        read_posts([raw_post()], Fixed(TextScores(1, 0, 0), extra=1))


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (TextScores(float("nan"), 0, 0), "finite"),
        (TextScores(1, 0, 0, offence=float("nan")), "offence"),
        (TextScores(1, 0, 0, complaint=1.2), "complaint"),
        (TextScores(1, 0, 0, complaint=-0.1), "complaint"),
    ],
)
def test_a_model_that_answers_no_probability_is_an_error(scores: TextScores, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_posts([raw_post()], Fixed(scores))
