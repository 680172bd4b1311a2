from typing import Any

import pytest

from pipeline.enrich.author.brand import is_own
from pipeline.enrich.facts import Words
from pipeline.enrich.reading.reading import Reading
from pipeline.enrich.triage.rules import PARTS, Unmet, matches, unmet
from schemas.policy.policy import Brand
from schemas.policy.rules import Condition
from schemas.posts.scored import Language, Sentiment
from schemas.posts.signals import Intent, Spam, Span, TopicHit
from tests.unit.enrich.posts import facts_of, policy, raw_post, sentiment

WORK = {"name": "tested", "action": "respond", "queue": "general"}


def holds(
    when: dict[str, Any],
    text: str | None = "the app is down",
    *,
    feeling: Sentiment | None = None,
    lower_bound: float = 0,
    offence: float | None = None,
    complaint: float | None = None,
    detected: str | None = None,
    **fields: Any,
) -> bool:
    post = raw_post(text, **fields)
    language = None if detected is None else Language(code=detected, confidence=0.5)
    reading = Reading(feeling, offence, complaint, language)
    facts = facts_of(post, lower_bound, reading=reading)
    return matches(policy(WORK | {"when": when}), facts).deciding is not None


def test_the_first_rule_that_holds_decides() -> None:
    rules = policy(
        {"name": "never", "when": {"any_keyword": ["snow"]}, "action": "respond", "queue": "urgent"},
        {"name": "first", "when": {"any_keyword": ["down"]}, "action": "respond", "queue": "urgent"},
        WORK,
    )
    match = matches(rules, facts_of(raw_post())).deciding
    assert match is not None
    assert (match.rule.name, match.keyword) == ("first", "down")


def test_an_empty_condition_always_holds() -> None:
    assert holds({}, None, rating=3)


@pytest.mark.parametrize(("label", "expected"), [("negative", True), ("positive", False)])
def test_sentiment_and_its_absence(label: Any, expected: bool) -> None:
    assert holds({"sentiment": ["negative"]}, feeling=sentiment(label)) is expected
    assert not holds({"sentiment": ["negative", "neutral", "positive"]}, feeling=None)


def test_min_probability_is_of_the_label_that_the_post_got() -> None:
    assert holds({"min_probability": 0.8}, feeling=sentiment("positive", 0.8))
    assert not holds({"min_probability": 0.81}, feeling=sentiment("positive", 0.8))
    assert not holds({"min_probability": 0}, feeling=None)


def test_min_influence_asks_the_lower_bound() -> None:
    assert holds({"min_influence": 12}, lower_bound=12)
    assert not holds({"min_influence": 12}, lower_bound=11.99)


def test_min_complaint_and_min_offence_ask_their_own_head() -> None:
    assert holds({"min_complaint": 0.6}, complaint=0.6)
    assert not holds({"min_complaint": 0.6}, complaint=0.59, offence=1.0)
    assert holds({"min_offence": 0.6}, offence=0.6)
    assert not holds({"min_offence": 0.6}, offence=0.59, complaint=1.0)
    assert holds({"min_offence": 0.1, "min_complaint": 0.1}, offence=0.1, complaint=0.1)
    assert not holds({"min_offence": 0.1, "min_complaint": 0.1}, offence=0.1, complaint=0.09)


@pytest.mark.parametrize("name", ["min_complaint", "min_offence"])
def test_what_the_model_cannot_tell_holds_no_condition_not_even_at_least_nothing(name: str) -> None:
    assert not holds({name: 0})


def test_keywords_are_looked_for_in_title_and_text() -> None:
    assert holds({"any_keyword": ["smoke"]}, "what a day", title="Smoke on board")
    assert not holds({"any_keyword": ["smoke"]}, "smoked fish")


def test_visibility_platform_and_repost() -> None:
    assert holds({"visibility": ["direct"]}, visibility="direct")
    assert not holds({"visibility": ["direct"]})
    assert holds({"platform": ["x", "facebook"]})
    assert not holds({"platform": ["facebook"]})
    assert holds({"repost": True}, repost_of="x:9")
    assert holds({"repost": False})
    assert not holds({"repost": True})


@pytest.mark.parametrize(
    ("tag", "expected"), [("en", True), ("EN-gb", True), ("de", False), ("eng", False), (None, False)]
)
def test_where_none_is_detected_language_is_the_primary_part_of_the_platforms_tag(
    tag: str | None, expected: bool
) -> None:
    assert holds({"language": ["en"]}, lang=tag) is expected
    assert holds({"language": ["en"]}, lang=tag, detected="und") is expected


def test_the_detected_language_wins_over_the_platforms_tag() -> None:
    assert holds({"language": ["es", "de"]}, lang="en", detected="de")
    assert not holds({"language": ["en"]}, lang="en", detected="de")
    assert not holds({"language": ["de"]}, detected="en")


def test_posts_in_a_language_that_nobody_can_tell_can_be_asked_for() -> None:
    assert holds({"language": ["und"]}, detected="und")
    assert not holds({"language": ["und"]}, detected="und", lang="en")
    assert not holds({"language": ["und"]})


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("when do you open?", True),
        ("何時ですか？", True),
        ("متى تفتح؟", True),
        ("see https://a.b/?q=1", False),
        ("you are late.", False),
    ],
)
def test_a_question_is_a_question_mark_outside_a_link(text: str, asks: bool) -> None:
    assert holds({"question": True}, text) is asks
    assert holds({"question": False}, text) is not asks


def test_max_rating_needs_a_rating() -> None:
    assert holds({"max_rating": 2}, rating=2)
    assert not holds({"max_rating": 2}, rating=2.5)
    assert not holds({"max_rating": 2})


def test_all_parts_of_a_condition_must_hold() -> None:
    when = {"visibility": ["direct"], "any_keyword": ["down"]}
    assert holds(when, visibility="direct")
    assert not holds(when)


@pytest.mark.parametrize(
    ("platform", "author", "own"),
    [
        ("x", {"handle": "@acmecare"}, True),
        ("x", {"handle": "ACMECARE"}, True),
        ("x", {"author_id": "x:7"}, True),
        ("x", {"handle": "AcmeCareFan"}, False),
        ("x", {"handle": None}, False),
        ("mastodon", {"handle": "acmecare@evil.example"}, False),
        ("mastodon", {"handle": "Acme@Brand.Example"}, True),
        ("bluesky", {"handle": "acmecare"}, False),
        ("bluesky", {"handle": "x:acmecare"}, False),
        ("bluesky", {"handle": "acmehelp"}, False),
        ("x", {"handle": "acmehelp"}, True),
    ],
)
def test_own_posts_are_told_by_author_id_or_by_platform_and_handle(
    platform: str, author: dict[str, Any], own: bool
) -> None:
    handles = ("x:AcmeCare", "mastodon:acme@brand.example", "acmehelp")  # the last names no platform
    brand = Brand(name="Acme", author_ids=("x:7",), handles=handles)
    author = {"author_id": f"{platform}:1"} | author
    assert is_own(raw_post(platform=platform, post_id=f"{platform}:5", author=author), brand) is own


def test_a_bare_handle_of_a_brand_without_ids_is_nobody() -> None:
    assert not is_own(raw_post(author={"handle": "acmecare"}), Brand(name="Acme", handles=("acmecare",)))


def with_signals(words: Words, when: dict[str, Any], intent: Intent | None = None, intensity: float = 0) -> bool:
    rules = policy(
        WORK | {"when": when}, topics=[{"name": "delivery", "any": ["late"]}, {"name": "price", "any": ["dear"]}]
    )
    facts = facts_of(raw_post(), words=words, reading=Reading(intent=intent), intensity=intensity)
    return matches(rules, facts).deciding is not None


def test_a_rule_can_ask_for_a_topic() -> None:
    hit = TopicHit(topic="delivery", kind="topic", at=(Span(start=0, end=4),))
    assert with_signals(Words(topics=(hit,)), {"topic": ["price", "delivery"]})
    assert not with_signals(Words(topics=(hit,)), {"topic": ["price"]})
    assert not with_signals(Words(), {"topic": ["delivery"]})


def test_a_rule_can_ask_for_an_intent() -> None:
    asks = Intent(name="question", confidence=0.6)
    assert with_signals(Words(), {"intent": ["question", "praise"]}, asks)
    assert not with_signals(Words(), {"intent": ["praise"]}, asks)
    assert not with_signals(Words(), {"intent": ["question"]})


def test_rules_can_ask_how_urgent_how_heated_and_how_spammy_a_post_is() -> None:
    urgent = Words(urgency=0.8, urgency_kinds=("outage",))
    assert with_signals(urgent, {"min_urgency": 0.8})
    assert not with_signals(urgent, {"min_urgency": 0.81})
    assert with_signals(Words(), {"min_intensity": 0.3}, intensity=0.3)
    assert not with_signals(Words(), {"min_intensity": 0.3}, intensity=0.29)
    assert with_signals(Words(spam=Spam(score=0.75)), {"min_spam": 0.7})
    assert not with_signals(Words(), {"min_spam": 0.0})  # not known is not 0


def test_every_part_of_a_condition_is_asked() -> None:
    assert {*PARTS, "any_keyword"} == set(Condition.model_fields)


def test_each_part_that_does_not_hold_is_named_with_what_the_post_has() -> None:
    when = {"visibility": ["direct"], "min_complaint": 0.5, "any_keyword": ["snow"], "platform": ["x"]}
    rules, facts = policy(WORK | {"when": when}), facts_of(raw_post(), reading=Reading(None, None, 0.25, None))
    assert unmet(rules, 0, facts) == (
        Unmet("visibility", ("direct",), "public"),
        Unmet("min_complaint", 0.5, 0.25),
        Unmet("any_keyword", ("snow",), None),
    )
    assert unmet(policy(WORK), 0, facts) == ()


def test_a_label_that_is_not_believed_counts_as_none() -> None:
    rules = policy(WORK | {"when": {"sentiment": ["positive"]}})
    facts = facts_of(raw_post(), reading=Reading(sentiment("positive")))
    assert unmet(rules, 0, facts) == ()
    assert unmet(rules, 0, facts, contradicted=True) == (Unmet("sentiment", ("positive",), None),)
