"""Contradiction is doubt, and doubtful posts go to people."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.facts import Words
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.triage.doubt import contradiction, doubt_about
from pipeline.enrich.triage.triage import triage
from schemas.policy.doubt import DoubtBounds
from schemas.policy.policy import Policy
from schemas.posts.scored import Language, Sentiment, SentimentProbabilities, Triage
from schemas.posts.signals import Intent, Spam, Span, TopicHit
from tests.unit.enrich.posts import facts_of, policy, raw_post, sentiment

OUTAGE = TopicHit(topic="outage", kind="topic", at=(Span(field="text", start=0, end=3),))
PRAISE = {"name": "praise", "when": {"sentiment": ["positive"]}, "action": "thank", "queue": "general"}
TOPIC = {"name": "outage", "when": {"topic": ["outage"]}, "action": "respond", "queue": "urgent"}
REST = {"name": "rest", "action": "none"}
HAPPY = sentiment("positive", 0.9)


def rules(*given: dict[str, Any], doubt: dict[str, Any] | None = None) -> Policy:
    topics = [{"name": "outage", "any": ["outage"], "problem": True}, {"name": "bill", "any": ["bill"]}]
    queues = [{"name": name, "team": "care"} for name in ("general", "urgent", "sorting")]
    more: dict[str, Any] = {} if doubt is None else {"doubt": {"queue": "sorting", **doubt}}
    return policy(*given, topics=topics, queues=queues, **more)


def decide(using: Policy, words: Words | None = None, **reading: Any) -> Triage:
    facts = facts_of(raw_post(), words=words or Words(), reading=Reading(**{"sentiment": HAPPY} | reading))
    return triage(facts, policy=using, backfill=False)


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        (Words(urgency=0.8, urgency_kinds=("outage",)), {}),
        (Words(topics=(OUTAGE,)), {}),
        (Words(), {"complaint": 0.6}),
        (Words(), {"pressing": 0.7}),
    ],
)
def test_a_positive_label_that_the_post_contradicts_is_positive_for_no_rule(
    words: Words, reading: dict[str, Any]
) -> None:
    assert decide(rules(PRAISE, REST), words, **reading).action == "none"
    for label in ("negative", "neutral"):
        other = {"name": "other", "when": {"sentiment": [label]}, "action": "respond", "queue": "general"}
        assert decide(rules(other, REST), words, **reading).action == "none"


def test_plain_praise_is_thanked() -> None:
    bill = OUTAGE.model_copy(update={"topic": "bill"})
    found = decide(rules(PRAISE, REST, doubt={}), Words(topics=(bill,)), complaint=0.1, pressing=0.1)
    assert (found.action, found.queue) == ("thank", "general")


def test_a_contradiction_goes_to_the_queue_of_doubt_and_says_what_it_is() -> None:
    found = decide(rules(PRAISE, REST, doubt={}), Words(topics=(OUTAGE,)))
    assert (found.action, found.queue) == ("respond", "sorting")
    assert (found.reasons[0].code, found.reasons[0].detail) == ("doubt", "positive beside topic outage: 1.00 of 1")


def test_what_the_words_decide_is_not_doubted() -> None:
    assert decide(rules(TOPIC, PRAISE, doubt={}), Words(topics=(OUTAGE,))).queue == "urgent"


@pytest.mark.parametrize(
    "when", [{"sentiment": ["positive"]}, {"min_probability": 0.1}, {"min_complaint": 0.1}, {"min_offence": 0.1},
             {"min_pressing": 0.1}, {"intent": ["praise"]}]
)  # fmt: skip
def test_what_any_reading_of_a_model_decides_is_doubted(when: dict[str, Any]) -> None:
    using = rules({"name": "read", "when": when, "action": "respond", "queue": "urgent"}, doubt={})
    read: dict[str, Any] = {"offence": 0.5, "pressing": 0.4, "intent": Intent(name="praise", confidence=0.9)}
    assert decide(using, complaint=0.3, **read).queue == "urgent"
    assert decide(using, complaint=0.49, **read).queue == "sorting"


def test_spam_is_not_sorted_by_people() -> None:
    spam = Spam(score=0.9, reasons=("posting_rate",))
    assert decide(rules(REST, doubt={}), Words(topics=(OUTAGE,), spam=spam)).action == "none"


def test_without_a_queue_of_doubt_the_rules_decide() -> None:
    assert decide(rules(TOPIC, REST), Words(topics=(OUTAGE,)), complaint=0.5).queue == "urgent"
    assert decide(rules(REST), Words(topics=(OUTAGE,)), complaint=0.5).action == "none"


def split(first: float) -> Sentiment:
    values = SentimentProbabilities(negative=first, neutral=round(1 - first, 6), positive=0)
    return Sentiment(label="negative" if first >= 0.5 else "neutral", probabilities=values, model="test@0")


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        ({"sentiment": split(0.5)}, "sentiment by 0.00"),
        ({"sentiment": split(0.9), "complaint": 0.51}, "complaint 0.51"),
        ({"sentiment": split(0.9), "language": Language(code="und", confidence=0.01)}, "language 0.01"),
    ],
)
def test_a_reading_near_the_middle_is_doubted(reading: dict[str, Any], said: str) -> None:
    unhappy = {"name": "unhappy", "when": {"sentiment": ["negative"]}, "action": "respond", "queue": "general"}
    found = decide(rules(unhappy, REST, doubt={}), **reading)
    assert found.queue == "sorting"
    assert found.reasons[0].detail.startswith(said)


def test_bounds_of_0_doubt_nothing() -> None:
    bounds = {"sentiment_margin": 0, "complaint_margin": 0, "language_confidence": 0, "contradiction": False}
    using = rules(PRAISE, REST, doubt={"bounds": bounds})
    assert decide(using, Words(topics=(OUTAGE,)), sentiment=split(0.5), complaint=0.5).queue != "sorting"


@given(st.floats(0.05, 0.15), st.floats(0.05, 0.15), st.floats(0.3, 0.7))
def test_a_larger_share_takes_every_post_that_a_smaller_one_takes(one: float, other: float, near: float) -> None:
    small, large = sorted((one, other))
    taken = [
        decide(rules(REST, doubt={"max_share": share}), sentiment=split(0.9), complaint=near).queue == "sorting"
        for share in (small, large)
    ]
    assert taken[0] <= taken[1]


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_doubt_is_between_0_and_1_and_grows_with_the_bound(first: float, second: float, complaint: float) -> None:
    low, high = sorted((first, second))
    facts = facts_of(raw_post(), reading=Reading(split(0.8), complaint=complaint))
    doubts = [
        doubt_about(facts, None, DoubtBounds(complaint_margin=bound / 2, sentiment_margin=bound)).score
        for bound in (low, high)
    ]
    assert 0 <= doubts[0] <= doubts[1] <= 1


def test_praise_by_intent_is_contradicted_too() -> None:
    facts = facts_of(
        raw_post(),
        words=Words(topics=(OUTAGE,)),
        reading=Reading(HAPPY, intent=Intent(name="praise", confidence=0.9)),
    )
    assert contradiction(facts, rules(REST)) == "topic outage"
