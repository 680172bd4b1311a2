"""Rules without an action add to what a later rule decides."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.facts import Words
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.triage.triage import triage
from schemas.posts.scored import SkillNeed, Triage
from schemas.posts.signals import Span, TopicHit
from tests.unit.enrich.posts import facts_of, policy, raw_post, sentiment

UNIT = st.floats(min_value=0, max_value=1)
BILL = TopicHit(topic="bill", kind="topic", at=(Span(field="text", start=0, end=3),))
MONEY = {"name": "money", "when": {"topic": ["bill"]}, "skills": ["accounts"], "tags": ["money"], "priority": 0.2}
LOUD = {"name": "loud", "when": {"min_intensity": 0.5}, "tags": ["loud", "money"], "urgency": 0.6}
WORK = {"name": "work", "action": "respond", "queue": "general", "skills": ["english"], "tags": ["worked"]}
TOPICS = [{"name": "bill", "any": ["bill"]}]


def decide(*rules: dict[str, Any], intensity: float = 0.9, pressing: float | None = 0.1) -> Triage:
    facts = facts_of(
        raw_post(),
        words=Words(topics=(BILL,)),
        intensity=intensity,
        reading=Reading(sentiment("negative", 0.6), pressing=pressing),
    )
    return triage(facts, policy=policy(*rules, topics=TOPICS), backfill=False)


def test_every_rule_that_holds_before_the_deciding_one_adds_and_is_named() -> None:
    found = decide(MONEY, LOUD, WORK)
    assert (found.action, found.queue) == ("respond", "general")
    assert found.skills == ("accounts", "english")
    assert found.tags == ("money", "loud", "worked")
    assert [(one.code, one.detail) for one in found.reasons if one.code in ("rule", "adds")] == [
        ("rule", "work"),
        ("adds", "money: topic bill"),
        ("adds", "loud"),
    ]


def test_a_rule_that_does_not_hold_or_stands_behind_adds_nothing() -> None:
    assert decide(LOUD, WORK, MONEY, intensity=0.1).tags == ("worked",)


def test_rules_that_add_decide_nothing_alone() -> None:
    found = decide(MONEY)
    assert (found.action, found.queue, found.skills, found.priority) == ("none", None, (), 0)
    assert found.tags == ("money",)
    assert [one.code for one in found.reasons] == ["no_rule_matched", "adds"]


def test_tags_stay_with_a_post_that_is_no_work() -> None:
    found = decide(MONEY, {"name": "rest", "action": "none"})
    assert (found.action, found.tags) == ("none", ("money",))


def test_the_factor_and_the_urgency_of_adding_rules_raise_the_priority() -> None:
    plain, factor, urgency = decide(WORK), decide(MONEY, WORK), decide(LOUD, WORK)
    assert factor.priority == pytest.approx(plain.priority + 0.2 * (100 - plain.priority), abs=0.02)
    assert "rules" in {one.code for one in factor.reasons}
    assert urgency.priority > plain.priority + 10


def test_context_goes_to_no_queue() -> None:
    found = decide(MONEY, {"name": "beside", "action": "context"})
    assert (found.action, found.queue, found.priority, found.tags) == ("context", None, 0, ("money",))


@pytest.mark.parametrize("action", ["thank", "engage", "moderate", "respond", "respond_privately", "escalate"])
def test_every_other_action_waits_in_the_queue_of_its_rule(action: str) -> None:
    found = decide({"name": "it", "action": action, "queue": "urgent"})
    assert (found.action, found.queue) == (action, "urgent")


def test_skills_and_tags_are_bounded_and_the_first_stay() -> None:
    many = [
        {"name": f"r{n}", "skills": [f"s{n}-{at}" for at in range(5)], "tags": [f"t{n}-{at}" for at in range(5)]}
        for n in range(9)
    ]
    found = decide(*many, WORK)
    assert found.skills == tuple(f"s{n}-{at}" for n in range(4) for at in range(5))
    assert len(found.tags) == 20
    assert len(found.reasons) <= 20


@given(UNIT, UNIT, st.none() | UNIT)
def test_adding_more_never_lowers_the_priority_and_stays_within_100(
    first: float, second: float, pressing: float | None
) -> None:
    low, high = sorted((first, second))
    added = [
        decide({"name": "a", "tags": ["x"], "priority": value}, WORK, pressing=pressing).priority
        for value in (low, high)
    ]
    assert 0 <= added[0] <= added[1] <= 100


def test_a_skill_that_several_rules_ask_for_has_the_highest_level_and_is_required_if_one_requires_it() -> None:
    first = MONEY | {"skills": ["accounts", {"name": "english", "required": True}]}
    second = WORK | {"skills": [{"name": "english", "level": 3}, {"name": "accounts", "level": 1}]}
    found = decide(first, second)
    assert found.skills == ("accounts", "english")
    assert found.needs == (SkillNeed(name="english", level=3, required=True),)
