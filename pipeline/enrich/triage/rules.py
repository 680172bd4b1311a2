"""Finds the rules of a policy that hold for a post: those that add, and the one that decides.

The rules are asked in order up to the first with an action whose condition holds for the facts of the post.
`triage` says what follows from them. What each part of a condition asks stands in one table, by which a rule that
does not hold can also say which of its parts is to blame.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from operator import eq, ge, le
from typing import Any, NamedTuple

from pipeline.enrich.facts import Facts
from pipeline.enrich.listening.cache_key import ByIdentity
from pipeline.enrich.listening.keywords import FoldedText, rule_keywords
from pipeline.enrich.text.lexical import LINK
from pipeline.enrich.triage.priority import expected_value
from pipeline.ports.models import UNDETERMINED
from schemas.people.customer import Customer
from schemas.policy.policy import Policy
from schemas.policy.rules import Condition, TriageRule

_QUESTION_MARKS = re.compile("[?？؟՞፧⁇⁈⁉]")
"""Question marks are ASCII, full-width, Arabic, Armenian, Ethiopic or doubled. Links are taken out before."""

DOUBTED = 0.5
"""A link of at most this confidence is as likely wrong as right, so that no rule may treat the author by it."""


class Match(NamedTuple):
    """Holds a rule that holds, and the keyword by which it does, if it asks for one."""

    rule: TriageRule
    keyword: str | None


class Matches(NamedTuple):
    """Holds the rules that hold for a post."""

    adding: tuple[Match, ...]
    """Rules without an action before the one that decides, in order."""
    deciding: Match | None
    """The first rule with an action, or None when none holds."""


class Unmet(NamedTuple):
    """A part of a condition that does not hold for a post."""

    part: str
    asked: Any
    found: Any
    """What the post has there, None where it has nothing."""


class _Part(NamedTuple):
    """A part of a condition: what the post has there, and whether that is what a rule asks for."""

    of: Callable[[Facts], Any]
    holds: Callable[[Any, Any], bool]
    """Takes what the post has, then what is asked. It is not called where the post has nothing, because an absent
    value is no 0: even a condition of "at least 0" asks for a model that can tell."""


def matches(policy: Policy, facts: Facts, *, contradicted: bool = False) -> Matches:
    """Returns the rules of the policy that hold.

    Args:
        policy: of the post's workspace.
        facts: the post and its signals.
        contradicted: whether its sentiment is not to be believed; then it has none of the labels.
    """
    keywords: Mapping[int, str] | None = None
    adding: list[Match] = []
    for number, (rule, parts) in enumerate(zip(policy.rules, _parts(ByIdentity(policy.rules)), strict=True)):
        when = rule.when
        if not _all_hold(parts, facts) or (contradicted and when.sentiment is not None):
            continue
        # Keywords cost most, so they are asked last, and those of all rules at once.
        if when.any_keyword is not None and keywords is None:
            keywords = rule_keywords(policy.rules).hits(FoldedText(facts.text))
        keyword = None if keywords is None or when.any_keyword is None else keywords.get(number)
        if when.any_keyword is not None and keyword is None:
            continue
        if rule.action is not None:
            return Matches(tuple(adding), Match(rule, keyword))
        adding.append(Match(rule, keyword))
    return Matches(tuple(adding), None)


def unmet(policy: Policy, number: int, facts: Facts, *, contradicted: bool = False) -> tuple[Unmet, ...]:
    """Returns every part of the condition of a rule that does not hold; nothing when the rule holds.

    Args:
        policy: of the post's workspace.
        number: of the rule in the policy, from 0.
        facts: the post and its signals.
        contradicted: as in `matches`; then the label that is not believed counts as none.
    """
    when = policy.rules[number].when
    found = [
        Unmet(name, asked, value)
        for name, part, asked in _parts(ByIdentity(policy.rules))[number]
        if (value := part.of(facts)) is None or not part.holds(value, asked)
    ]
    if contradicted and when.sentiment is not None:
        found = [Unmet("sentiment", when.sentiment, None), *(one for one in found if one.part != "sentiment")]
    if when.any_keyword is not None and number not in rule_keywords(policy.rules).hits(FoldedText(facts.text)):
        found.append(Unmet("any_keyword", when.any_keyword, None))
    return tuple(found)


def _all_hold(parts: "_Asked", facts: Facts) -> bool:
    """Returns whether every given part of a condition holds, apart from the keywords."""
    for _, part, asked in parts:
        value = part.of(facts)
        if value is None or not part.holds(value, asked):
            return False
    return True


_Asked = tuple[tuple[str, _Part, Any], ...]
"""The parts that a condition gives, each with its name and what is asked."""


@lru_cache(maxsize=256)
def _parts(rules: ByIdentity[tuple[TriageRule, ...]]) -> tuple[_Asked, ...]:
    return tuple(_given(rule.when) for rule in rules.value)


def _given(when: Condition) -> _Asked:
    asked = ((name, part, getattr(when, name)) for name, part in PARTS.items())
    return tuple((name, part, value) for name, part, value in asked if value is not None)


def _is_one(value: Any, asked: Collection[Any]) -> bool:
    return value in asked


def _is_named(value: str, asked: Collection[str]) -> bool:
    return value.casefold() in {name.casefold() for name in asked}


def _has_one(values: Collection[Any], asked: Collection[Any]) -> bool:
    return any(value in asked for value in values)


def _believed(facts: Facts) -> Customer | None:
    customer = facts.customer
    return None if customer is None or customer.confidence <= DOUBTED else customer


def _label(facts: Facts) -> str | None:
    return None if facts.reading.sentiment is None else facts.reading.sentiment.label


def _label_probability(facts: Facts) -> float | None:
    sentiment = facts.reading.sentiment
    return None if sentiment is None else getattr(sentiment.probabilities, sentiment.label)


def _language_of(facts: Facts) -> str | None:
    """Returns the detected language, or the platform's tag without its region where it is `und` or absent."""
    language = facts.reading.language
    detected = None if language is None else language.code
    if detected is None or detected == UNDETERMINED:
        return _primary_language(facts.post.lang) or detected
    return detected


def _primary_language(tag: str | None) -> str | None:
    return None if tag is None else tag.partition("-")[0].lower()


def _asks(facts: Facts) -> bool:
    """Returns whether the text asks something, by a question mark of any script outside a link."""
    # The query of a link begins with a question mark too.
    return _QUESTION_MARKS.search(LINK.sub(" ", facts.text)) is not None


PARTS: Mapping[str, _Part] = {
    "min_customer_value": _Part(lambda facts: expected_value(facts.customer), ge),
    "customer_kind": _Part(lambda facts: (found := _believed(facts)) and found.kind, _is_one),
    "segment": _Part(lambda facts: (found := _believed(facts)) and found.segment, _is_named),
    "visibility": _Part(lambda facts: facts.post.visibility, _is_one),
    "platform": _Part(lambda facts: facts.post.platform, _is_one),
    "repost": _Part(lambda facts: facts.post.repost_of is not None, eq),
    # A platform of which nothing is known neither allows nor forbids.
    "reply_allowed": _Part(lambda facts: facts.post.reply and facts.post.reply.allowed, eq),
    "max_rating": _Part(lambda facts: facts.post.rating, le),
    "language": _Part(_language_of, _is_one),
    "sentiment": _Part(_label, _is_one),
    "min_probability": _Part(_label_probability, ge),
    "intent": _Part(lambda facts: facts.reading.intent and facts.reading.intent.name, _is_one),
    "min_pressing": _Part(lambda facts: facts.reading.pressing, ge),
    "min_language_confidence": _Part(
        lambda facts: facts.reading.language and facts.reading.language.confidence, ge
    ),
    "min_complaint": _Part(lambda facts: facts.reading.complaint, ge),
    "min_offence": _Part(lambda facts: facts.reading.offence, ge),
    "topic": _Part(lambda facts: [hit.topic for hit in facts.words.topics], _has_one),
    "urgency_kind": _Part(lambda facts: facts.words.urgency_kinds, _has_one),
    "copies": _Part(lambda facts: facts.words.cluster and facts.words.cluster.kind, _is_one),
    "min_copies": _Part(lambda facts: facts.words.cluster and facts.words.cluster.size, ge),
    "min_urgency": _Part(lambda facts: facts.words.urgency, ge),
    "min_spam": _Part(lambda facts: facts.words.spam and facts.words.spam.score, ge),
    "min_intensity": _Part(lambda facts: facts.intensity, ge),
    "min_influence": _Part(lambda facts: facts.influence.lower_bound, ge),
    "question": _Part(_asks, eq),
}
"""Every part of a `Condition` but `any_keyword`, in the order in which they are asked."""
