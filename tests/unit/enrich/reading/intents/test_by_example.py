"""Each post gets the intents of its own workspace, and examples are read once."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.enrich.reading.intents.by_example import IntentReader
from pipeline.enrich.reading.intents.model import IntentModel, OwnIntents
from pipeline.enrich.reading.reading import read_posts
from pipeline.ports.models import TextModel, TextScores
from schemas.policy.policy import OwnIntent
from schemas.posts.signals import Intent
from tests.unit.enrich.posts import policy, raw_post

EXAMPLES = ("we move next month", "moving house soon", "new address from June", "moving to a flat", "we moved")
MOVING = {"name": "moving", "examples": EXAMPLES}


class Reader:
    """Gives every text an embedding; counts what it reads."""

    name = "reader@1"

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        self.read += texts
        return [TextScores(0.2, 0.6, 0.2, embedding=np.zeros(3, dtype=np.float16)) for _ in texts]


class Told(IntentModel):
    """Says own where own intents were learned, else built-in."""

    def __init__(self) -> None:
        self.learned: list[tuple[str, ...]] = []

    def fit_own_intents(self, intents: Sequence[OwnIntent], model: TextModel) -> OwnIntents | None:
        self.learned.append(tuple(intent.name for intent in intents))
        model.score([text for intent in intents for text in intent.examples])
        empty = np.zeros(0, dtype=np.float32)
        return OwnIntents(model.name, self.learned[-1], empty, empty, empty, 1.0)

    def classify(
        self, texts: Sequence[str], scores: Sequence[TextScores], model: str, own: OwnIntents | None = None
    ) -> list[Intent | None]:
        name = "other" if own is None else own.names[0]
        return [Intent(name=name, confidence=0.5, own=own is not None) for _ in texts]


def names(intents: list[Intent | None]) -> list[str | None]:
    return [None if intent is None else intent.name for intent in intents]


def test_each_workspace_has_its_own_intents_in_the_order_of_the_posts() -> None:
    intents, reader = IntentReader(Told()), Reader()
    policies = {"acme": policy(intents=[MOVING])}
    scores = reader.score(["a", "b", "c"])
    told = intents.classify(["a", "b", "c"], scores, ["acme", "other", "acme"], reader, policies)
    assert names(told) == ["moving", "other", "moving"]


def test_examples_are_read_once_until_the_policy_says_others() -> None:
    model, reader = Told(), Reader()
    intents = IntentReader(model)
    first = {"acme": policy(intents=[MOVING])}
    for policies in (first, first, {"acme": policy(intents=[MOVING], version=4)}):
        intents.classify(["a"], reader.score(["a"]), ["acme"], reader, policies)
    assert model.learned == [("moving",)]
    changed = {"acme": policy(intents=[MOVING | {"name": "relocation"}], version=5)}
    told = intents.classify(["a"], reader.score(["a"]), ["acme"], reader, changed)
    assert (names(told), model.learned) == (["relocation"], [("moving",), ("relocation",)])


def test_the_reading_of_a_post_has_its_intent_and_a_post_without_text_none() -> None:
    found = read_posts(
        [raw_post("hello"), raw_post(None, rating=1)], Reader(), None, IntentReader(Told()), {"acme": policy()}
    )
    assert names([one.intent for one in found]) == ["other", None]


def test_without_an_intent_model_nobody_is_asked() -> None:
    (found,) = read_posts([raw_post("hello")], Reader())
    assert found.intent is None


@pytest.mark.parametrize("intents", [[], [MOVING]])
def test_a_model_without_embeddings_has_no_intents(intents: list[dict[str, object]]) -> None:
    class Plain(Reader):
        def score(self, texts: Sequence[str]) -> list[TextScores]:
            return [TextScores(0.2, 0.6, 0.2) for _ in texts]

    (found,) = read_posts(
        [raw_post("hello")], Plain(), None, IntentReader(IntentModel()), {"acme": policy(intents=intents)}
    )
    assert found.intent is None
