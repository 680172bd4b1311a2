"""What every `TextModel` promises, shown on the engine, on its cache and on its twin.

`tests/torch` shows the same on the engine that needs the extra.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.adapters.models.cache import CachedModel
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.ports.models import TextModel, TextScores

TEXTS = ["i love it, great", "the shop opens at nine", "i hate this, terrible", "", "great " * 300, "日本"]


def cached() -> TextModel:
    """Two places for six texts: it forgets while it is asked."""
    return CachedModel(KeywordSentiment(), entries=2)


@pytest.fixture(scope="module", params=[KeywordSentiment, OpenVinoEngine, cached])
def model(request: pytest.FixtureRequest) -> TextModel:
    make: Callable[[], TextModel] = request.param
    return make()


def cosine(one: NDArray[np.float16], other: NDArray[np.float16]) -> float:
    """How alike two embeddings are: 1 for the same direction."""
    first, second = one.astype(float), other.astype(float)
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


class Promises:
    """The suite; a module that inherits it has a fixture `model`."""

    def test_each_text_gets_probabilities_in_order(self, model: TextModel) -> None:
        scores = model.score(TEXTS)
        assert len(scores) == len(TEXTS)
        for one in scores:
            assert isinstance(one, TextScores)
            assert all(0 <= share <= 1 for share in one[:5] if share is not None)
            assert sum(one[:3]) == pytest.approx(1, abs=1e-6)
        assert max(scores[0][:3]) == scores[0].positive
        assert max(scores[1][:3]) == scores[1].neutral
        assert max(scores[2][:3]) == scores[2].negative

    def test_every_text_is_answered_by_the_same_heads(self, model: TextModel) -> None:
        answered = {tuple(share is None for share in one[:5]) for one in model.score(TEXTS)}
        assert len(answered) == 1

    def test_the_same_text_gets_the_same_scores_wherever_it_stands(self, model: TextModel) -> None:
        forwards, backwards = model.score(TEXTS), model.score(TEXTS[::-1])[::-1]
        for one, other in zip(forwards, backwards, strict=True):
            assert one[:5] == pytest.approx(other[:5], abs=1e-2)

    def test_embeddings_are_of_one_width_and_depend_on_the_text_alone(self, model: TextModel) -> None:
        forwards, backwards = model.score(TEXTS), model.score(TEXTS[::-1])[::-1]
        known = [(one.embedding, other.embedding) for one, other in zip(forwards, backwards, strict=True)]
        assert all((one is None) == (other is None) for one, other in known)
        pairs = [(one, other) for one, other in known if one is not None and other is not None]
        assert len(pairs) in (0, len(TEXTS) - 1)  # none at all, or of each text but the blank one
        assert len({one.shape for one, _ in pairs}) <= 1
        for one, other in pairs:
            assert one.dtype == np.float16
            assert np.isfinite(one).all()
            assert cosine(one, other) > 0.99

    def test_repeats_within_a_call_are_all_answered(self, model: TextModel) -> None:
        first, second, *others = model.score([TEXTS[0], TEXTS[2]] * 20)
        assert first.positive > second.positive
        for one, other in zip(others, [first, second] * 19, strict=True):
            assert one[:5] == pytest.approx(other[:5], abs=1e-2)

    def test_a_blank_text_is_wholly_neutral_and_nothing_else(self, model: TextModel) -> None:
        (one,) = model.score(["  "])
        assert one[:3] == (0.0, 1.0, 0.0)
        assert {one.offence, one.complaint} <= {0.0, None}

    def test_no_texts_give_no_scores(self, model: TextModel) -> None:
        assert model.score([]) == []

    def test_the_name_has_a_revision(self, model: TextModel) -> None:
        identity, _, revision = model.name.partition("@")
        assert identity
        assert len(revision) == 12


class TestEngines(Promises):
    """The suite on all that needs no extra."""
