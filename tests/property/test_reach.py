"""A rule that is called unreached never decides about any post."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.enrich.facts import Facts, Words
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.triage.doubt import contradiction
from pipeline.enrich.triage.reachable import takes_all_of, unreached
from pipeline.enrich.triage.rules import matches
from schemas.policy.rules import Condition
from schemas.posts.signals import Intent, Span, TopicHit, UrgencyKind
from tests.unit.enrich.posts import facts_of, policy, raw_post, sentiment

LEVELS = (0.2, 0.5, 0.8)


def some(*values: str) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)


def level() -> st.SearchStrategy[float | None]:
    return st.none() | st.sampled_from(LEVELS)


CONDITIONS = st.builds(
    Condition,
    sentiment=some("negative", "neutral", "positive"),
    visibility=some("public", "direct"),
    platform=some("x", "google_play"),
    language=some("en", "de"),
    topic=some("outage", "bill"),
    intent=some("complaint", "question"),
    any_keyword=some("fire", "Smoke", "smoke"),
    min_probability=level(),
    min_complaint=level(),
    min_offence=level(),
    min_influence=st.none() | st.sampled_from((20, 60)),
    min_intensity=level(),
    max_rating=st.none() | st.sampled_from((1, 3)),
    question=st.none() | st.booleans(),
    min_pressing=level(),
    min_language_confidence=level(),
    min_copies=st.none() | st.sampled_from((1, 4)),
    reply_allowed=st.none() | st.booleans(),
)
"""Few values of each part, so that conditions often hold each other."""
HIT = TopicHit(topic="outage", kind="topic", at=(Span(field="text", start=0, end=3),))

TOPICS: list[dict[str, Any]] = [
    {"name": "outage", "any": ["fire"], "problem": True},
    {"name": "bill", "any": ["bill"]},
]


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    text = draw(st.sampled_from(["fire?", "smoke", "all is well"]))
    platform = draw(st.sampled_from(["x", "google_play"]))
    post = raw_post(
        text,
        platform=platform,
        post_id=f"{platform}:1",
        author={"author_id": f"{platform}:2"},
        visibility=draw(st.sampled_from(["public", "direct"])),
        lang=draw(st.sampled_from([None, "en", "de"])),
        rating=draw(st.sampled_from([None, 1, 2, 5])),
    )
    found = st.sampled_from([None, 0.1, 0.3, 0.6, 0.9])
    reading = Reading(
        sentiment=draw(
            st.none()
            | st.builds(sentiment, st.sampled_from(["negative", "positive"]), st.sampled_from([0.6, 0.9]))
        ),
        offence=draw(found),
        complaint=draw(found),
        intent=draw(st.none() | st.just(Intent(name="complaint", confidence=0.9))),
    )
    return facts_of(
        post,
        draw(st.sampled_from([0.0, 30.0, 70.0])),
        intensity=draw(st.sampled_from([0.0, 0.6, 0.9])),
        words=Words(topics=draw(st.sampled_from([(), (HIT,)]))),
        reading=reading,
    )


def holds(when: Condition, of: Facts) -> bool:
    names: dict[str, Any] = {"topics": [{"name": name, "any": [name]} for name in ("outage", "bill")]}
    rule = {"name": "r", "when": when.model_dump(exclude_none=True), "action": "respond", "queue": "general"}
    return matches(policy(rule, **names), of).deciding is not None


@settings(deadline=None)
@given(CONDITIONS, CONDITIONS, facts())
def test_what_takes_all_of_a_condition_holds_wherever_that_holds(
    wide: Condition, narrow: Condition, of: Facts
) -> None:
    if takes_all_of(wide, narrow) and holds(narrow, of):
        assert holds(wide, of)


@settings(deadline=None)
@given(CONDITIONS, st.lists(st.sampled_from(list(Condition.model_fields)), max_size=3))
def test_a_condition_with_some_parts_left_out_takes_all_of_the_whole_one(
    narrow: Condition, left_out: list[str]
) -> None:
    assert takes_all_of(narrow.model_copy(update=dict.fromkeys(left_out)), narrow)


@settings(deadline=None)
@given(CONDITIONS, st.sampled_from([None, 0.0, 0.4, 0.5]), facts(), st.sampled_from([(), ("outage",)]))
def test_praise_that_is_said_to_contradict_itself_holds_for_no_post(
    when: Condition, complaint: float | None, of: Facts, kinds: tuple[UrgencyKind, ...]
) -> None:
    praise = when.model_copy(update={"sentiment": ("positive",), "min_complaint": complaint})
    rule = {"name": "r", "when": praise.model_dump(exclude_none=True), "action": "respond", "queue": "general"}
    said = policy(rule, topics=TOPICS)
    urgent = replace(of, words=of.words._replace(urgency=0.8 if kinds else 0.0, urgency_kinds=kinds))
    if list(unreached(said)):
        assert matches(said, urgent, contradicted=contradiction(urgent, said) is not None).deciding is None


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ({"topic": ["outage"]}, True),
        ({"topic": ["outage", "bill"]}, False),
        ({"min_urgency": 0.1}, True),
        ({"min_urgency": 0.0}, False),
        ({"urgency_kind": ["legal"]}, True),
        ({"min_complaint": 0.49}, False),
        ({"min_pressing": 0.5}, True),
        ({"min_pressing": 0.5, "sentiment": ["positive", "neutral"]}, False),
    ],
)
def test_praise_beside_what_contradicts_it_is_told(asked: dict[str, Any], is_told: bool) -> None:
    rule = {"name": "r", "when": {"sentiment": ["positive"]} | asked, "action": "thank", "queue": "general"}
    assert bool(list(unreached(policy(rule, topics=TOPICS)))) is is_told


def test_an_unreached_rule_is_told_once_with_the_first_rule_that_takes_its_posts() -> None:
    rules: list[dict[str, Any]] = [
        {"name": "loud", "when": {"min_influence": 50}, "action": "respond", "queue": "urgent"},
        {"name": "rest", "action": "respond", "queue": "general"},
        {"name": "louder", "when": {"min_influence": 80}, "action": "respond", "queue": "urgent"},
    ]
    assert [(where, what.rpartition(" behind ")[2]) for where, what in unreached(policy(*rules))] == [
        (("rules", 2), "loud, whose condition is the same or wider")
    ]
