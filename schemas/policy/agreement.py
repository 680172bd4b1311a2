"""Checks whether the parts of a policy agree with each other: names are unique, and whatever is named is there.

The policy is plain data, checked or not, and every disagreement comes with its place. What a single field may hold
is said by its type.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.policy.calendar import calendar_mistakes
from schemas.policy.plain import Disagreement, Location, entries, is_text
from schemas.policy.plain import part as part_of
from schemas.policy.pools import brand_mistakes, pool_mistakes
from schemas.policy.sla import target_mistakes
from schemas.posts.scored import NO_WORK

NAMED: Mapping[str, str] = {
    "queues": "queue",
    "rules": "rule",
    "topics": "topic",
    "intents": "intent",
    "numbers": "number pattern",
    "calendars": "calendar",
    "slas": "service level agreement",
    "brands": "brand",
    "departments": "department",
}
"""The lists whose entries have names of their own, each with the noun for one entry."""


class Disagreements(ValueError):
    """A policy whose parts do not agree, with every disagreement.

    Args:
        disagreements: at least one.
    """

    def __init__(self, disagreements: Sequence[Disagreement]) -> None:
        self.disagreements = tuple(disagreements)
        super().__init__("; ".join(f"{_path(mistake.place)}: {mistake.what}" for mistake in disagreements))


def disagreements(policy: object, built_in_intents: Sequence[str]) -> Iterator[Disagreement]:
    """Yields what does not agree, in the order of the lists.

    Args:
        policy: plain data of the shape of a `Policy`. Entries of another shape are passed over, because their
            types say what is wrong with them.
        built_in_intents: intents that every policy may name.
    """
    names = {field: [(at, entry["name"]) for at, entry in entries(policy, field) if is_text(entry.get("name"))]
             for field in NAMED}  # fmt: skip
    for field, what in NAMED.items():
        seen: set[str] = set()
        for at, name in names[field]:
            if name in seen:
                yield Disagreement((field, at, "name"), f"there is a {what} {name} before this one")
            seen.add(name)
    candidates = {field: tuple(dict.fromkeys(name for _, name in named)) for field, named in names.items()}
    candidates["intents"] += tuple(built_in_intents)
    default = policy.get("default_queue") if isinstance(policy, Mapping) else None
    if is_text(default) and default not in candidates["queues"]:
        yield Disagreement(("default_queue",), f"there is no queue {default}", str(default), candidates["queues"])
    doubt = part_of(part_of(policy, "doubt"), "queue")
    if is_text(doubt) and doubt not in candidates["queues"]:
        yield Disagreement(("doubt", "queue"), f"there is no queue {doubt}", doubt, candidates["queues"])
    for at, rule in entries(policy, "rules"):
        yield from _of_rule(at, rule, candidates)
    yield from _of_hours(policy, candidates)
    yield from pool_mistakes(policy)
    yield from brand_mistakes(policy)


_ADDS = ("skills", "tags", "urgency", "priority")


def rule_mistake(rule: Mapping[str, Any]) -> str | None:
    """Returns why the parts of a rule do not agree, None when they do or the action is no word."""
    action, queue = rule.get("action"), rule.get("queue")
    if action is None:
        if queue is not None:
            return "a rule with a queue needs an action"
        return None if any(rule.get(field) for field in _ADDS) else f"needs an action or one of {', '.join(_ADDS)}"
    if not is_text(action):
        return None  # its type says what is wrong
    if action in NO_WORK:
        return None if queue is None else f"action {action} takes no queue"
    return f"action {action} needs a queue" if queue is None else None


def _of_rule(
    at: int, rule: Mapping[str, Any], candidates: Mapping[str, tuple[str, ...]]
) -> Iterator[Disagreement]:
    queue = rule.get("queue")
    if mistake := rule_mistake(rule):
        yield Disagreement(("rules", at), mistake)
    if is_text(queue) and queue not in candidates["queues"]:
        yield Disagreement(("rules", at, "queue"), f"there is no queue {queue}", str(queue), candidates["queues"])
    when = rule.get("when")
    for part, field in (("topic", "topics"), ("intent", "intents")):
        asked = when.get(part) if isinstance(when, Mapping) else None
        for number, name in enumerate(asked if isinstance(asked, list | tuple) else ()):
            if is_text(name) and name not in candidates[field]:
                yield Disagreement(
                    ("rules", at, "when", part, number), f"there is no {part} {name}", str(name), candidates[field]
                )


def _of_hours(policy: object, candidates: Mapping[str, tuple[str, ...]]) -> Iterator[Disagreement]:
    for holder, part, field in (("queues", "sla", "slas"), ("queues", "calendar", "calendars"),
                                ("slas", "calendar", "calendars")):  # fmt: skip
        for at, entry in entries(policy, holder):
            name = entry.get(part)
            if is_text(name) and name not in candidates[field]:
                what = f"there is no {NAMED[field]} {name}"
                yield Disagreement((holder, at, part), what, str(name), candidates[field])
    for at, calendar in entries(policy, "calendars"):
        for place, what in calendar_mistakes(calendar):
            yield Disagreement(("calendars", at, *place), what)
    for at, sla in entries(policy, "slas"):
        for number, target in entries(sla, "targets"):
            for place, what in target_mistakes(target):
                yield Disagreement(("slas", at, "targets", number, *place), what)


def _path(place: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
