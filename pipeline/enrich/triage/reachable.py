"""Finds the rules of a policy that can never decide.

An earlier rule takes every post that they ask for, or no post can be all that they ask for.

What two earlier rules take together is not seen. Nor is a keyword that holds another one ("bill" takes what "the
bill" takes), because only the same keyword counts.
"""

from collections.abc import Iterator
from typing import Any, get_args

from pipeline.enrich.triage.doubt import LIKELY
from schemas.policy.plain import Location
from schemas.policy.policy import Policy
from schemas.policy.rules import Condition
from schemas.posts.raw import Visibility

_ANY_OF = (
    "sentiment",
    "visibility",
    "platform",
    "language",
    "topic",
    "intent",
    "any_keyword",
    "urgency_kind",
    "copies",
    "customer_kind",
    "segment",
)
_AT_LEAST = (
    "min_probability",
    "min_complaint",
    "min_offence",
    "min_influence",
    "min_urgency",
    "min_intensity",
    "min_spam",
    "min_pressing",
    "min_customer_value",
    "min_language_confidence",
    "min_copies",
)
_AT_MOST = ("max_rating",)


def unreached(policy: Policy) -> Iterator[tuple[Location, str]]:
    """Yields the rules that no post reaches, in order, with their place and the rule that takes their posts."""
    for at, rule in enumerate(policy.rules):
        never = f"rule {rule.name} never {'adds' if rule.action is None else 'decides'}"
        if rule.when.repost:
            yield ("rules", at, "when", "repost"), f"{never}: a repost is never work"
            continue
        if (part := _against_praise(rule.when, policy)) is not None:
            yield ("rules", at, "when", part), f"{never}: beside this a positive post is positive for no rule"
            continue
        for earlier in policy.rules[:at]:
            if earlier.action is not None and takes_all_of(earlier.when, rule.when):
                why = (
                    "which has no condition" if _is_empty(earlier.when) else "whose condition is the same or wider"
                )
                yield ("rules", at), f"{never}: it stands behind {earlier.name}, {why}"
                break


def _against_praise(when: Condition, policy: Policy) -> str | None:
    """Returns the part of a condition for positive posts that makes a contradiction of each (`doubt`)."""
    if when.sentiment is None or set(when.sentiment) != {"positive"}:
        return None
    problems = {topic.name for topic in policy.topics if topic.problem}
    against = {
        "urgency_kind": when.urgency_kind is not None,
        "min_urgency": (when.min_urgency or 0) > 0,
        "topic": when.topic is not None and problems.issuperset(when.topic),
        "min_complaint": (when.min_complaint or 0) >= LIKELY,
        "min_pressing": (when.min_pressing or 0) >= LIKELY,
    }
    return next((part for part, is_against in against.items() if is_against), None)


def takes_all_of(wide: Condition, narrow: Condition) -> bool:
    """Returns whether `wide` holds for every post for which `narrow` holds, as far as the parts show it."""
    return all(_covers(name, given, getattr(narrow, name)) for name, given in _given(wide))


def _covers(name: str, wide: Any, narrow: Any) -> bool:
    if name == "visibility" and set(wide) == set(get_args(Visibility)):
        return True  # every post has one of them
    if narrow is None:
        return False
    if name in _ANY_OF:
        # A wide rule with more alternatives takes every post of a narrow one with some of them.
        return {_folded(value) for value in narrow} <= {_folded(value) for value in wide}
    if name in _AT_LEAST:
        return bool(narrow >= wide)
    if name in _AT_MOST:
        return bool(narrow <= wide)
    return bool(narrow == wide)


def _given(when: Condition) -> list[tuple[str, Any]]:
    return [(name, value) for name in Condition.model_fields if (value := getattr(when, name)) is not None]


def _is_empty(when: Condition) -> bool:
    return not _given(when)


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())
