from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.facts import Words
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.triage.triage import triage
from schemas.policy.policy import Policy
from schemas.posts.scored import Language, Reason, Triage
from schemas.posts.signals import Cluster
from tests.unit.enrich.posts import WRITTEN, facts_of, policy, raw_post, sentiment

SAFETY = {
    "name": "safety", "when": {"any_keyword": ["fire"]}, "action": "respond", "queue": "urgent",
    "skills": ["safety"], "urgency": 1.0,
}  # fmt: skip
PRAISE = {"name": "praise", "when": {"sentiment": ["positive"]}, "action": "engage", "queue": "general"}
POLICY = policy(SAFETY, PRAISE)
UNIT = st.floats(min_value=0, max_value=1)
BOUND = st.floats(min_value=0, max_value=100)


def decide(
    text: str | None = "there is fire",
    *,
    rules: Policy | None = POLICY,
    feeling: Any = None,
    lower_bound: float = 0,
    backfill: bool = False,
    own: bool = False,
    offence: float | None = None,
    complaint: float | None = None,
    language: Language | None = None,
    **fields: Any,
) -> Triage:
    post = raw_post(text, **fields)
    reading = Reading(feeling, offence, complaint, language)
    facts = facts_of(post, lower_bound, own=own, reading=reading)
    return triage(facts, policy=rules, backfill=backfill)


def test_work_has_queue_skills_priority_and_reasons_with_the_rule_first() -> None:
    found = decide(feeling=sentiment("negative", 0.9), lower_bound=10)
    assert (found.action, found.queue, found.skills, found.policy_version) == ("respond", "urgent", ("safety",), 3)
    assert found.reasons[0].code == "rule"
    assert found.reasons[0].detail == 'safety: keyword "fire"'
    assert [reason.code for reason in found.reasons[1:]] == ["urgency", "severity", "influence"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "nothing special"}, "no_rule_matched"),
        ({"backfill": True}, "backfill"),
        ({"own": True}, "own_post"),
        ({"text": None, "deleted": True}, "deleted"),
        ({"repost_of": "x:9"}, "repost"),
        ({"rules": None}, "no_policy"),
    ],
)
def test_posts_that_are_no_work_say_why(changes: dict[str, Any], reason: str) -> None:
    found = decide(**changes)
    assert (found.action, found.queue, found.priority) == ("none", None, 0)
    assert [one.code for one in found.reasons] == [reason]
    assert found.policy_version == (0 if reason == "no_policy" else 3)


def test_a_rule_may_decide_that_nothing_is_to_be_done() -> None:
    found = decide(rules=policy({"name": "ignore-fire", "when": {"any_keyword": ["fire"]}, "action": "none"}))
    assert found.action == "none"
    assert found.reasons[0].detail == 'ignore-fire: keyword "fire"'


@pytest.mark.parametrize(
    ("when", "detail"),
    [
        ({"min_complaint": 0.5}, "tested: complaint 0.75 of 1"),
        ({"min_offence": 0.1}, "tested: offence 0.25 of 1"),
        (
            {"min_offence": 0, "min_complaint": 0, "any_keyword": ["fire"]},
            'tested: keyword "fire", complaint 0.75 of 1, offence 0.25 of 1',
        ),
        ({"any_keyword": ["fire"]}, 'tested: keyword "fire"'),
        ({}, "tested"),
    ],
)
def test_the_reason_shows_what_was_found_of_that_which_the_rule_asks_for(
    when: dict[str, Any], detail: str
) -> None:
    rules = policy({"name": "tested", "when": when, "action": "respond", "queue": "general"})
    assert decide(rules=rules, offence=0.25, complaint=0.75).reasons[0].detail == detail


def test_a_weak_sentiment_is_said_beside_every_decision_by_rules() -> None:
    weak = sentiment().model_copy(update={"weak": True})
    german = Language(code="de", confidence=0.9)
    caution = Reason(code="weak_sentiment", detail="the text is in de")
    ignore = policy({"name": "ignore", "action": "none"})
    for changes in ({}, {"text": "nothing special"}, {"rules": ignore}):
        found = decide(feeling=weak, language=german, **changes)
        assert found.reasons[-1] == caution, changes
        strong = decide(feeling=sentiment(), language=german, **changes)
        assert strong.reasons == found.reasons[:-1], changes
        assert strong.model_copy(update={"reasons": found.reasons}) == found, changes


@pytest.mark.parametrize("changes", [{"backfill": True}, {"own": True}, {"repost_of": "x:9"}, {"rules": None}])
def test_where_no_rule_was_asked_a_weak_sentiment_is_not_spoken_of(changes: dict[str, Any]) -> None:
    weak = sentiment().model_copy(update={"weak": True})
    found = decide(feeling=weak, language=Language(code="de", confidence=0.9), **changes)
    assert len(found.reasons) == 1


@given(UNIT, BOUND)
def test_a_safety_rule_always_reaches_70(negative: float, lower_bound: float) -> None:
    assert decide(feeling=sentiment("negative", negative), lower_bound=lower_bound).priority >= 70


@given(BOUND)
def test_praise_of_the_most_influential_author_stays_engage_below_45(lower_bound: float) -> None:
    found = decide("love it", feeling=sentiment("positive", 0.9), lower_bound=lower_bound)
    assert found.action == "engage"
    assert found.priority < 45


@given(UNIT, UNIT, BOUND, BOUND)
def test_more_negative_or_more_influential_never_lowers_priority(
    negative: float, other: float, bound: float, other_bound: float
) -> None:
    rules = policy()
    low = decide(
        rules=rules, feeling=sentiment("negative", min(negative, other)), lower_bound=min(bound, other_bound)
    )
    high = decide(
        rules=rules, feeling=sentiment("negative", max(negative, other)), lower_bound=max(bound, other_bound)
    )
    assert low.priority <= high.priority


@given(UNIT, BOUND)
def test_a_plain_repost_is_never_above_its_original(negative: float, lower_bound: float) -> None:
    feeling = sentiment("negative", negative)
    original = decide(rules=policy(), feeling=feeling, lower_bound=lower_bound)
    repost = decide(rules=policy(), feeling=feeling, lower_bound=lower_bound, repost_of="x:1")
    assert repost.priority <= original.priority


@given(UNIT, BOUND)
def test_the_same_post_gets_the_same_triage(negative: float, lower_bound: float) -> None:
    feeling = sentiment("negative", negative)
    assert decide(feeling=feeling, lower_bound=lower_bound) == decide(feeling=feeling, lower_bound=lower_bound)


def test_standard_sentences_in_private_are_no_campaign() -> None:
    def fifth(visibility: str) -> float:
        cluster = Cluster(id="0" * 16, kind="copy", size=5, first_seen=WRITTEN)
        post = raw_post("I would like to speak to an agent please", visibility=visibility)
        facts = facts_of(post, words=Words(cluster=cluster), reading=Reading(sentiment("negative", 0.9)))
        return triage(facts, policy=policy(), backfill=False).priority

    assert fifth("direct") == pytest.approx(5 * fifth("public"), abs=0.05)


def test_a_pressing_text_goes_before_another_of_the_same_rule() -> None:
    def priority(pressing: float | None) -> float:
        reading = Reading(sentiment("negative", 0.9), pressing=pressing)
        return triage(facts_of(raw_post(), reading=reading), policy=policy(), backfill=False).priority

    assert priority(0.9) > priority(0.1) + 40
    assert priority(None) == priority(0.0)
