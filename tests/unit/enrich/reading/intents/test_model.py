"""Intents: a head of known numbers, own intents by examples, and what a text must not change."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.enrich.reading.intents.features import INTENT_FEATURES, intent_features
from pipeline.enrich.reading.intents.model import (
    INTENTS,
    LOGITS,
    OWN_THRESHOLD,
    Head,
    IntentModel,
    inputs,
    load_head,
)
from pipeline.enrich.text.normalise import normalise
from pipeline.ports.models import TextScores
from schemas.policy.policy import OwnIntent

WIDTH = 24
MODEL = "little@000000000000"
TOPICS = ("card", "train", "shoes", "weather")
"""Each text of these tests is about one of them: the first word of it decides where its embedding points."""


def embedding(text: str) -> NDArray[np.float16]:
    draw = np.random.default_rng([len(text), *text.encode()])
    place = np.zeros(WIDTH)
    first = text.split()[0]
    if first in TOPICS:
        place[TOPICS.index(first) * 3 : TOPICS.index(first) * 3 + 3] = 3.0
    return (place + 0.5 * draw.standard_normal(WIDTH)).astype(np.float16)


class Little:
    """A `TextModel` whose embeddings are about `TOPICS`."""

    name = MODEL

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        return [scored(text) for text in texts]


def scored(text: str) -> TextScores:
    return TextScores(0.2, 0.6, 0.2, 0.1, 0.1, embedding(text) if text.strip() else None)


def a_head() -> Head:
    """Built-in: `question` where a mark is, else `other`; the background is about none of the topics."""
    weights = np.zeros((WIDTH + LOGITS + len(INTENT_FEATURES), len(INTENTS)), dtype=np.float32)
    weights[WIDTH + LOGITS + INTENT_FEATURES.index("mark"), INTENTS.index("question")] = 6
    bias = np.zeros(len(INTENTS), dtype=np.float32)
    bias[INTENTS.index("other")] = 3
    background = np.random.default_rng(1).standard_normal((60, WIDTH)).astype(np.float32)
    background /= np.linalg.norm(background, axis=1, keepdims=True)
    ones = np.ones(WIDTH, dtype=np.float32)
    return Head("little", weights, bias, 0 * ones, ones, background)


OWN = tuple(
    OwnIntent(name=topic, examples=tuple(f"{topic} {number}" for number in range(8))) for topic in TOPICS[:3]
)


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return IntentModel(a_head())


def test_the_likeliest_built_in_intent_is_told_with_its_probability(model: IntentModel) -> None:
    texts = ["when do you open?", "we open at nine"]
    asked, said = model.classify(texts, Little().score(texts), MODEL)
    assert asked is not None
    assert said is not None
    assert (asked.name, said.name) == ("question", "other")
    assert 0.9 < asked.confidence < 1
    assert not asked.own


def test_an_own_intent_goes_before_the_built_in_ones_where_it_is_sure(model: IntentModel) -> None:
    own = model.fit_own_intents(OWN, Little())
    texts = ["card 99?", "shoes again", "hello there?"]
    found = model.classify(texts, Little().score(texts), MODEL, own)
    assert [one and (one.name, one.own) for one in found] == [("card", True), ("shoes", True), ("question", False)]
    assert all(one.confidence >= OWN_THRESHOLD for one in found if one is not None and one.own)


def test_most_posts_mean_none_of_the_own_intents(model: IntentModel) -> None:
    own = model.fit_own_intents(OWN, Little())
    texts = [f"{topic} {number}" for topic in ("weather", "hello", "bye") for number in range(100)]
    found = model.classify(texts, Little().score(texts), MODEL, own)
    assert sum(one is not None and one.own for one in found) <= 0.05 * len(texts)


def test_examples_of_other_policies_give_the_same_answer_each_time(model: IntentModel) -> None:
    first, second = model.fit_own_intents(OWN, Little()), model.fit_own_intents(OWN, Little())
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.weights, second.weights)
    assert first.sharpness == second.sharpness


def test_without_an_embedding_nothing_is_told(model: IntentModel) -> None:
    texts = ["card 1", " ", "card 2"]
    assert model.classify(texts, KeywordSentiment().score(texts), KeywordSentiment().name) == [None] * 3
    assert [one is None for one in model.classify(texts, Little().score(texts), MODEL)] == [False, True, False]
    assert model.fit_own_intents(OWN, KeywordSentiment()) is None
    assert model.fit_own_intents((), Little()) is None
    assert model.classify([], [], MODEL) == []


def test_embeddings_of_another_model_are_compared_with_nothing(model: IntentModel) -> None:
    own = model.fit_own_intents(OWN, Little())
    assert model.classify(["card 1?"], Little().score(["card 1?"]), "another@000000000000", own) == [None]
    # Another revision of the trained one still tells the built-in intents, but read other examples.
    (found,) = model.classify(["card 1?"], Little().score(["card 1?"]), "little@111111111111", own)
    assert found is not None
    assert (found.name, found.own) == ("question", False)


def test_examples_without_words_are_passed_over(model: IntentModel) -> None:
    blank = OwnIntent(name="blank", examples=("\u200b" * 3,) * 5)
    own = model.fit_own_intents((*OWN, blank), Little())
    assert own is not None
    (found,) = model.classify(["card 7"], Little().score(["card 7"]), MODEL, own)
    assert found is not None
    assert found.name == "card"


def test_the_same_examples_for_two_intents_are_no_error(model: IntentModel) -> None:
    twins = [OwnIntent(name=name, examples=("card 1",) * 5) for name in ("one", "two")]
    own = model.fit_own_intents(twins, Little())
    assert own is not None
    assert np.isfinite(own.weights).all()
    (found,) = model.classify(["card 1"], Little().score(["card 1"]), MODEL, own)
    assert found is not None
    assert not found.own  # as likely the one as the other: neither is sure


@given(st.text(max_size=300))
def test_signs_of_any_text_are_finite_and_of_one_number(text: str) -> None:
    signs = intent_features(normalise(text))
    assert len(signs) == len(INTENT_FEATURES)
    assert np.isfinite(signs).all()
    assert all(0 <= sign <= 1 for name, sign in zip(INTENT_FEATURES, signs, strict=True) if name != "words")


@given(st.lists(st.text(min_size=1, max_size=60).map(lambda text: f"x {text}"), min_size=1, max_size=6))
def test_each_text_is_told_as_if_it_were_alone(texts: list[str]) -> None:
    model = IntentModel(a_head())
    together = model.classify(texts, Little().score(texts), MODEL)
    assert together == [model.classify([text], Little().score([text]), MODEL)[0] for text in texts]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("@user hi, is there a lift at the station? thanks", "asks"),
        ("my bag is gone, should i be worried?", "inverts"),
        ("why does nobody answer", "asks why"),
        ("my lawyer will write to you", "law or press"),
        ("are you hiring in leeds", "job"),
        ("bought more $ACME today", "money"),
        ("i am cancelling my contract", "leaves"),
        ("please add a dark mode", "idea"),
        ("how much is the large one", "buys"),
        ("i would recommend it to anyone", "advises"),
        ("cheers, all good now", "thanks"),
        ("the app keeps crashing", "has a fault"),
    ],
)
def test_a_sign_is_seen(text: str, sign: str) -> None:
    assert intent_features(text)[INTENT_FEATURES.index(sign)] == 1


def test_signs_are_whole_words() -> None:
    numbers = intent_features("a lawn, a jobless clovenhoof and an implausible laws")
    seen = dict(zip(INTENT_FEATURES, numbers, strict=True))
    assert not seen["law or press"]
    assert not seen["job"]
    assert not seen["likes"]


def test_a_hostile_text_is_looked_through_in_time() -> None:
    parts = (
        "@user ",
        "is ",
        "a?",
        "can you ",
        "hi, ",
        ", is ",
        "?",
        "? ",
        ":",
        "? #a ",
        "any",
        "never ",
        " x",
        "(is",
    )
    for text in (part * 30_000 for part in (*parts, *(f"{part}?" for part in parts))):
        began = time.perf_counter()
        assert len(intent_features(text)) == len(INTENT_FEATURES)
        assert time.perf_counter() - began < 0.5  # some ms each; a pattern that backtracks takes minutes


def test_the_shipped_head_fits_its_code() -> None:
    head = load_head()
    assert head.weights.shape == (len(head.mean) + LOGITS + len(INTENT_FEATURES), len(INTENTS))
    assert head.background.shape[1] == len(head.mean)
    np.testing.assert_allclose(np.linalg.norm(head.background, axis=1), 1, atol=1e-3)


def test_the_inputs_of_the_head_are_the_embedding_the_logits_and_the_signs() -> None:
    text = "card 1?"
    (row,) = inputs([text], [scored(text)])
    np.testing.assert_allclose(row[:WIDTH], embedding(text))
    np.testing.assert_allclose(row[WIDTH : WIDTH + 2], np.log(0.2 / 0.8), rtol=1e-5)
    np.testing.assert_allclose(row[WIDTH + LOGITS :], intent_features(text), rtol=1e-5)
