"""The cache: the same answers, fewer questions, never more memory than allowed."""

from collections.abc import Sequence
from sys import getsizeof

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.adapters.models.cache import CachedModel
from pipeline.errors import Transient
from pipeline.ports.models import TextScores


class Watched(KeywordSentiment):
    """Remembers what it was asked; fails while `broken`."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.broken = False

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        self.asked.append(list(texts))
        if self.broken:
            raise Transient("hiccup")
        return super().score(texts)


def test_a_text_is_asked_once_even_within_a_call() -> None:
    inner, lookups = Watched(), list[tuple[int, int]]()
    model = CachedModel(inner, entries=10, on_lookup=lambda hits, misses: lookups.append((hits, misses)))
    first = model.score(["good", "bad", "good"])
    assert model.score(["bad", "late", "good", "late"])[::2] == [first[1], first[2]]
    assert model.score(["late"])
    assert inner.asked == [["good", "bad"], ["late"]]
    assert lookups == [(1, 2), (3, 1), (1, 0)]


def test_the_text_not_asked_for_longest_is_forgotten_first() -> None:
    inner = Watched()
    model = CachedModel(inner, entries=2)
    for text in ("good", "bad", "good", "late", "good", "bad"):
        model.score([text])
    assert inner.asked == [["good"], ["bad"], ["late"], ["bad"]]


def test_a_failure_is_not_remembered() -> None:
    inner = Watched()
    model = CachedModel(inner, entries=5)
    model.score(["good"])
    inner.broken = True
    with pytest.raises(Transient):
        model.score(["good", "bad"])
    inner.broken = False
    assert model.score(["good", "bad"]) == KeywordSentiment().score(["good", "bad"])
    assert inner.asked == [["good"], ["bad"], ["bad"]]


def test_a_huge_text_is_answered_and_pushes_nothing_out() -> None:
    inner = Watched()
    model = CachedModel(inner, entries=5, max_bytes=1000)
    model.score(["good", "bad " * 1000, "good"])
    model.score(["good", "bad " * 1000])
    assert [[len(text) for text in texts] for texts in inner.asked] == [[4, 4000], [4000]]


@given(st.lists(st.lists(st.text("ab", max_size=40), max_size=12), max_size=12), st.integers(1, 6))
def test_answers_equal_the_models_own_and_memory_stays_bounded(calls: list[list[str]], entries: int) -> None:
    model = CachedModel(KeywordSentiment(), entries=entries, max_bytes=300)
    for texts in calls:
        assert model.score(texts) == KeywordSentiment().score(texts)
        assert len(model._cached) <= entries
        assert sum(map(getsizeof, model._cached)) == model._bytes <= 300


def test_the_name_is_that_of_the_model_that_answers() -> None:
    assert CachedModel(KeywordSentiment(), entries=1).name == KeywordSentiment().name
