from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.in_memory.language import KeywordLanguages
from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.enrich.reading.reading import NOTHING_READ, Languages, read_posts, readable_text
from pipeline.ports.models import DetectedLanguage, TextScores
from schemas.posts.scored import Language
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
    assert found[1] == found[2] == NOTHING_READ
    assert set(NOTHING_READ) == {None}


def test_no_posts_give_no_answers() -> None:
    assert read_posts([], KeywordSentiment()) == []


@given(st.lists(st.floats(min_value=1e-9, max_value=1), min_size=3, max_size=3))
def test_probabilities_are_rounded_and_still_one_and_the_label_is_the_largest(weights: list[float]) -> None:
    negative, neutral, positive = (weight / sum(weights) for weight in weights)
    scores = TextScores(negative, neutral, positive)
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


class Named(KeywordSentiment):
    """The twin under a name of its own; remembers what it was asked."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.asked: list[list[str]] = []

    @property
    def name(self) -> str:
        return self._name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        self.asked.append(list(texts))
        return super().score(texts)


def english(**models: Named) -> Languages:
    return Languages(KeywordLanguages(), frozenset({"en"}), models)


def test_each_text_is_read_by_the_model_of_its_language_and_comes_back_in_order() -> None:
    default, german = Named("default@0"), Named("german@0")
    texts = ["the shop is great", "der zug ist awful", None, "el tren y la tienda", "das ist great", "xyzzy"]
    found = read_posts([raw_post(text, rating=1) for text in texts], default, english(de=german))
    assert [one.sentiment and one.sentiment.model for one in found] == [
        "default@0", "german@0", None, "default@0", "german@0", "default@0",
    ]  # fmt: skip
    assert [one.sentiment and one.sentiment.label for one in found] == [
        "positive", "negative", None, "neutral", "positive", "neutral",
    ]  # fmt: skip
    assert [one.language and one.language.code for one in found] == ["en", "de", None, "es", "de", "und"]
    assert default.asked == [["the shop is great", "el tren y la tienda", "xyzzy"]]
    assert german.asked == [["der zug ist awful", "das ist great"]]


def test_weak_is_a_known_language_that_its_reader_was_not_made_for() -> None:
    texts = ["the shop", "der zug ist", "el tren y", "xyzzy"]

    def weak(languages: Languages | None) -> list[bool]:
        found = read_posts([raw_post(text) for text in texts], Named("default@0"), languages)
        return [one.sentiment.weak for one in found if one.sentiment is not None]

    assert weak(english()) == [False, True, True, False]
    assert weak(english(de=Named("german@0"))) == [False, False, True, False]
    assert weak(Languages(KeywordLanguages(), frozenset({"en", "es"}))) == [False, True, False, False]
    assert weak(None) == [False] * 4


def test_texts_of_which_nobody_can_tell_can_have_a_reader_too() -> None:
    (found,) = read_posts([raw_post("xyzzy")], Named("default@0"), english(und=Named("many@0")))
    assert found.sentiment is not None
    assert (found.sentiment.model, found.sentiment.weak) == ("many@0", False)


def test_without_languages_none_is_told() -> None:
    (found,) = read_posts([raw_post("der zug ist")], Named("default@0"))
    assert found.language is None


def test_the_confidence_is_rounded() -> None:
    (found,) = read_posts([raw_post("der zug the")], Named("default@0"), english())
    assert found.language == Language(code="de", confidence=0.6667)


def test_a_detector_that_answers_another_number_of_texts_is_an_error() -> None:
    class Short:
        def detect(self, texts: Sequence[str]) -> list[DetectedLanguage]:
            return []

    with pytest.raises(ValueError, match="0 of 1"):
        read_posts([raw_post()], Named("default@0"), Languages(Short(), frozenset({"en"})))
