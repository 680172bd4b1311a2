"""The shipped model and the shipped head give intents of plain sentences, both in one pass."""

from collections.abc import Sequence

import pytest

from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.enrich.reading.intents.model import IntentModel
from pipeline.enrich.text.normalise import normalise
from schemas.policy.policy import OwnIntent
from schemas.posts.signals import Intent

CLEAR = [
    ("@acme my parcel was due on Monday and it still is not here. Nobody answers the phone!", "complaint"),
    ("@acme worst service ever, the app crashes each time I open it", "complaint"),
    ("@acme what time does the shop in Dover open on Sunday?", "question"),
    ("@acme is it possible to change the name on my ticket?", "question"),
    ("@acme thank you so much, your team was wonderful today", "praise"),
    ("I love my new boots, best purchase ever @acme", "praise"),
    ("@acme please add a dark mode to the app, that would be great", "suggestion"),
    ("That's it, I am cancelling my contract and switching to another provider @acme", "leaving"),
    ("@acme my lawyer will be in touch, see you in court", "press-legal"),
    ("@acme are you hiring in Leeds? I would like to apply for a job", "job"),
    ("@acme DM sent", "other"),
    ("@acme iPhone 8, latest version", "other"),
]
BANK = (
    OwnIntent(
        name="card-arrival",
        examples=(
            "where is my new card?", "my card has not come yet", "when will the card that I ordered get here",
            "still waiting for my debit card", "how long does the delivery of a card take",
        ),
    ),
    OwnIntent(
        name="exchange-rate",
        examples=(
            "what exchange rate do I get", "why is the rate for euros so bad today",
            "how do you set your foreign currency rates", "the exchange rate on my purchase was wrong",
            "which rate is used when I pay in dollars",
        ),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> OpenVinoEngine:
    return OpenVinoEngine()


def told(engine: OpenVinoEngine, texts: Sequence[str], own: Sequence[OwnIntent] = ()) -> list[Intent | None]:
    normalised, intents = [normalise(text) for text in texts], IntentModel()
    fitted = intents.fit_own_intents(own, engine)
    return intents.classify(normalised, engine.score(normalised), engine.name, fitted)


def test_clear_posts_get_the_right_intent(engine: OpenVinoEngine) -> None:
    found = told(engine, [text for text, _ in CLEAR])
    assert [one and one.name for one in found] == [intent for _, intent in CLEAR]
    assert all(one is not None and not one.own for one in found)


def test_a_few_examples_are_enough_for_an_own_intent(engine: OpenVinoEngine) -> None:
    texts = ["when does my debit card arrive?", "what is your exchange rate for yen?"]
    assert [one and (one.name, one.own) for one in told(engine, texts, BANK)] == [
        ("card-arrival", True),
        ("exchange-rate", True),
    ]


def test_posts_about_something_else_keep_their_built_in_intent(engine: OpenVinoEngine) -> None:
    texts = [text for text, _ in CLEAR]
    assert told(engine, texts, BANK) == told(engine, texts)


def test_a_blank_text_has_no_intent(engine: OpenVinoEngine) -> None:
    assert told(engine, [" "]) == [None]
