"""What a new policy changes is said in words, with the waiting cases that move."""

from typing import Any

import pytest

from pipeline.app.offline.changes import Place, changes, moved
from pipeline.app.offline.standing import Compared
from schemas.policy.policy import Policy

OLD: dict[str, Any] = {
    "workspace": "acme",
    "version": 3,
    "brand": {"name": "Acme", "handles": ["x:acme"]},
    "queues": [
        {"name": "care", "team": "front"},
        {"name": "tech", "team": "back", "first_response_s": 900},
        {"name": "sales", "team": "front"},
    ],
    "rules": [
        {"name": "a", "when": {"question": True}, "action": "respond", "queue": "care"},
        {"name": "b", "when": {"repost": False}, "action": "respond", "queue": "care"},
        {"name": "c", "action": "none"},
    ],
}
CASES = {
    Place("care", "front", True): 5,
    Place("care", "front", False): 2,
    Place("tech", "back", True): 7,
    Place("lost", "gone", True): 1,
}


def policy(**over: Any) -> Policy:
    return Policy.model_validate(OLD | over)


def queues(**changed: Any) -> list[dict[str, Any]]:
    """The queues with some changed or, by None, left out."""
    said = {queue["name"]: queue | (changed.get(queue["name"]) or {}) for queue in OLD["queues"]}
    return [queue for name, queue in said.items() if changed.get(name, queue) is not None]


def rules(*names: str, **changed: Any) -> list[dict[str, Any]]:
    """The named rules, some changed."""
    said = {rule["name"]: rule for rule in OLD["rules"]}
    return [said.get(name, {"name": name, "action": "none"}) | changed.get(name, {}) for name in names]


def test_the_same_policy_changes_nothing_but_cases_that_are_astray_already() -> None:
    assert list(changes(policy(), policy(), None)) == []
    assert list(changes(policy(), policy(version=4), CASES)) == [
        "queue lost is in no policy: 1 waiting go to care (team front)"
    ]


@pytest.mark.parametrize(
    ("over", "said", "cases"),
    [
        (
            {"queues": queues(tech=None)},
            [
                "queue tech is withdrawn: 7 waiting go to care (team front)",
                "team back has no queue any more: its reps get no cases",
            ],
            7,
        ),
        (
            {"queues": queues(care={"team": "night"})},
            [
                "queue care goes to team night from front: 5 waiting (2 stay with their reps) go along",
                "team night is new: topic assignments.acme.night is made for it",
            ],
            5,
        ),
        (
            {"queues": queues(care=None)},
            [
                "queue care is withdrawn: 5 waiting (2 stay with their reps) go to tech (team back)",
                "cases and posts without a queue go to tech instead of care",
                "rule a: queue is tech instead of care",
                "rule b: queue is tech instead of care",
            ],
            5,
        ),
        (
            {"default_queue": "sales"},
            [
                "cases and posts without a queue go to sales instead of care",
                "default_queue is sales, and was not given",
            ],
            0,
        ),
        (
            {"queues": queues(tech={"first_response_s": 60})},
            ["queue tech: first_response_s is 60 instead of 900"],
            0,
        ),
        (
            {"queues": [*OLD["queues"], {"name": "vip", "team": "front"}]},
            ["queue vip is new"],
            0,
        ),
        (
            {"queues": queues(tech={"rings": [{"after_s": 60, "drop_optional": True}]})},
            ["queue tech: rings is after_s 60, drop_optional true instead of empty"],
            0,
        ),
        ({"brand": {"name": "Acme", "handles": ["x:new"]}}, ["brand.handles: with x:new and without x:acme"], 0),
        ({"oldest_every": 5}, ["oldest_every is 5 instead of 10"], 0),
    ],
)
def test_a_change_is_said_with_the_cases_that_it_moves(over: dict[str, Any], said: list[str], cases: int) -> None:
    if not any(queue["name"] == "care" for queue in over.get("queues", OLD["queues"])):
        over = over | {"rules": rules("a", "b", "c", a={"queue": "tech"}, b={"queue": "tech"})}
    open_cases = {place: count for place, count in CASES.items() if place.queue != "lost"}
    assert list(changes(policy(), policy(**over), open_cases)) == said
    assert moved(policy(**over), open_cases) == cases


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (rules("a", "c"), ["rule b is withdrawn"]),
        (rules("a", "new", "b", "c"), ["rule new is new behind a"]),
        (rules("new", "a", "b", "c"), ["rule new is new in the first place"]),
        (rules("c", "a", "b"), ["rule c moves to the first place"]),
        (rules("b", "c", "a"), ["rule a moves behind c"]),
        (
            rules("a", "b", "c", a={"when": {"min_urgency": 0.5}}),
            [
                "rule a: when.question is no longer given, and was true",
                "rule a: when.min_urgency is 0.5, and was not given",
            ],
        ),
    ],
)
def test_rules_that_move_are_told_from_those_that_only_stand_elsewhere_for_it(
    after: list[dict[str, Any]], said: list[str]
) -> None:
    assert list(changes(policy(), policy(rules=after), None)) == said


def test_the_first_policy_of_a_workspace_names_its_parts() -> None:
    said = list(changes(None, policy(), {}))
    assert said[:2] == [
        "team back is new: topic assignments.acme.back is made for it",
        "team front is new: topic assignments.acme.front is made for it",
    ]
    assert "queue tech is new" in said
    assert "rule b is new behind a" in said


def test_a_long_value_is_cut_and_a_long_list_is_counted() -> None:
    topics = [{"name": "t", "any": [f"word{number}" for number in range(9)]}]
    [said] = changes(policy(topics=[{"name": "t"}]), policy(topics=topics), None)
    assert said == "topic t: any: with word0, word1, word2, word3, word4, 4 others"
    rings = [{"after_s": 60 * number, "raise_priority": 5} for number in range(1, 7)]
    [said] = changes(policy(), policy(queues=queues(tech={"rings": rings})), None)
    assert "..." in said


def test_of_parts_in_a_list_those_are_told_that_differ() -> None:
    rings = [{"after_s": 60, "drop_optional": True}, {"after_s": 120, "lower_levels": 1}]
    later = [rings[0], rings[1] | {"lower_levels": 2}, {"after_s": 180, "raise_priority": 5}]
    old, new = policy(queues=queues(tech={"rings": rings})), policy(queues=queues(tech={"rings": later}))
    assert list(changes(old, new, None)) == [
        "queue tech: rings[1].lower_levels is 2 instead of 1",
        "queue tech: rings[2] is after_s 180, raise_priority 5.0, and was not given",
    ]
    assert list(changes(new, old, None)) == [
        "queue tech: rings[1].lower_levels is 1 instead of 2",
        "queue tech: rings[2] is no longer given, and was after_s 180, raise_priority 5.0",
    ]


@pytest.mark.parametrize(
    ("before", "found", "hint"),
    [(3, ["x"], "; to be applied it needs a version above 3"), (3, [], ""), (2, ["x"], ""), (None, ["x"], "")],
)
def test_a_version_that_would_be_refused_is_told(before: int | None, found: list[str], hint: str) -> None:
    said = Compared(before, found, None, 0).summary(policy())
    assert said.endswith(f" to version 3{hint}")
