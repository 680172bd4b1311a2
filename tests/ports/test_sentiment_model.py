"""What every `SentimentModel` promises, shown on the engine and on its twin."""

from collections.abc import Callable

import pytest

from pipeline.adapters.memory_model import KeywordSentiment
from pipeline.adapters.openvino_engine import OpenVinoSentiment
from pipeline.ports import SentimentModel, SentimentScores

TEXTS = ["i love it, great", "the shop opens at nine", "i hate this, terrible", "", "great " * 300, "日本"]


@pytest.fixture(scope="module", params=[KeywordSentiment, OpenVinoSentiment])
def model(request: pytest.FixtureRequest) -> SentimentModel:
    make: Callable[[], SentimentModel] = request.param
    return make()


def test_each_text_gets_a_distribution_in_order(model: SentimentModel) -> None:
    scores = model.score(TEXTS)
    assert len(scores) == len(TEXTS)
    for one in scores:
        assert isinstance(one, SentimentScores)
        assert all(0 <= share <= 1 for share in one)
        assert sum(one) == pytest.approx(1, abs=1e-6)
    assert max(scores[0]) == scores[0].positive
    assert max(scores[1]) == scores[1].neutral
    assert max(scores[2]) == scores[2].negative


def test_the_same_text_gets_the_same_scores_wherever_it_stands(model: SentimentModel) -> None:
    forwards, backwards = model.score(TEXTS), model.score(TEXTS[::-1])[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert one == pytest.approx(other, abs=1e-2)


def test_a_blank_text_is_wholly_neutral(model: SentimentModel) -> None:
    assert model.score(["  "]) == [SentimentScores(0.0, 1.0, 0.0)]


def test_no_texts_give_no_scores(model: SentimentModel) -> None:
    assert model.score([]) == []


def test_the_name_has_a_revision(model: SentimentModel) -> None:
    identity, _, revision = model.name.partition("@")
    assert identity
    assert len(revision) == 12
