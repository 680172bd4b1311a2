"""Queues, teams and brands of a policy agree with each other, and each mistake has its place."""

from typing import Any

import pytest

from schemas.policy.agreement import disagreements

POLICY: dict[str, Any] = {
    "brand": {"name": "Acme", "author_ids": ["x:1"], "handles": ["x:acme", "acme"]},
    "departments": [{"name": "law", "teams": ["legal"]}],
    "queues": [
        {"name": "care", "team": "care", "skills": ["refunds", {"name": "french", "required": True}]},
        {"name": "fast", "team": "care"},
        {"name": "sales", "team": "sales"},
        {"name": "soon", "team": "breach", "order": "time_to_breach"},
    ],
}


def mistakes(**over: Any) -> list[tuple[tuple[int | str, ...], str]]:
    return [(found.place, found.what) for found in disagreements(POLICY | over, ())]


def queue(**said: Any) -> list[dict[str, Any]]:
    """The queues, of which the first says something more."""
    return [POLICY["queues"][0] | said, *POLICY["queues"][1:]]


def test_a_policy_that_agrees_has_no_mistakes() -> None:
    assert mistakes() == []
    agreeing = queue(
        borrows=[{"team": "legal", "waiting_over": 3}],
        rings=[{"after_s": 60, "drop_skills": ["refunds"]}, {"after_s": 61, "add_teams": ["sales"]}],
        limits={"max_waiting": 3, "overflow_queue": "sales"},
        closed="overflow",
    )
    assert mistakes(queues=agreeing) == []


RING = {"after_s": 60, "drop_optional": True}


@pytest.mark.parametrize(
    ("said", "place", "what"),
    [
        ({"order": "time_to_breach"}, (1, "order"), "all queues of team care must have the same order"),
        ({"borrows": [{"team": "care", "waiting_over": 1}]}, (0, "borrows", 0, "team"), "the queue's own team"),
        ({"borrows": [{"team": "press", "waiting_over": 1}]}, (0, "borrows", 0, "team"), "there is no team press"),
        (
            {"borrows": [{"team": "breach", "waiting_over": 1}]},
            (0, "borrows", 0, "team"),
            "the queues of team breach have the order time_to_breach, and a pool has one order",
        ),
        ({"rings": [RING | {"add_teams": ["breach"]}]}, (0, "rings", 0, "add_teams", 0), "a pool has one order"),
        ({"borrows": [{"team": "sales"}]}, (0, "borrows", 0), "waiting_over_s or waiting_over is needed"),
        (
            {"borrows": [{"team": "sales", "waiting_over": 1}, {"team": "sales", "waiting_over_s": 1}]},
            (0, "borrows", 1, "team"),
            "team sales stands before",
        ),
        ({"skills": ["a", {"name": "a"}]}, (0, "skills", 1), "skill a stands before"),
        ({"rings": [RING, RING]}, (0, "rings", 1, "after_s"), "must be more than the 60"),
        ({"rings": [{"after_s": 60}]}, (0, "rings", 0), "the ring changes nothing"),
        ({"rings": [RING | {"drop_skills": ["french"]}]}, (0, "rings", 0, "drop_skills", 0), "french is required"),
        ({"rings": [RING | {"add_teams": ["press"]}]}, (0, "rings", 0, "add_teams", 0), "there is no team press"),
        ({"limits": {"overflow_queue": "press"}}, (0, "limits", "overflow_queue"), "there is no queue press"),
        ({"limits": {"max_waiting": 3}}, (0, "limits", "max_waiting"), "needs overflow_queue"),
        ({"limits": {"overflow_queue": "care"}}, (0, "limits", "overflow_queue"), "comes back"),
        ({"closed": "overflow"}, (0, "closed"), "overflow needs limits.overflow_queue"),
    ],
)
def test_a_queue_that_disagrees_is_named_at_its_place(
    said: dict[str, Any], place: tuple[int | str, ...], what: str
) -> None:
    [(found, why)] = mistakes(queues=queue(**said))
    assert found == ("queues", *place)
    assert what in why


def test_an_overflow_that_comes_back_is_named_for_each_queue_of_the_circle_and_for_no_other() -> None:
    on = {"care": "fast", "fast": "sales", "sales": "fast", "soon": "care"}
    queues = [said | {"limits": {"overflow_queue": on[said["name"]]}} for said in POLICY["queues"]]
    assert [place[1] for place, _ in mistakes(queues=queues)] == [1, 2]


@pytest.mark.parametrize(
    ("over", "place"),
    [
        ({"departments": [{"name": "a", "teams": ["x", "x"]}]}, ("departments", 0, "teams", 1)),
        ({"brands": [{"name": "Acme"}]}, ("brands", 0, "name")),
        ({"brands": [{"name": "B", "author_ids": ["x:1"]}]}, ("brands", 0, "author_ids", 0)),
        ({"brands": [{"name": "B", "handles": ["x:ACME"]}]}, ("brands", 0, "handles", 0)),
        ({"brands": [{"name": "B", "author_ids": ["x:2"], "sender": "x:1"}]}, ("brands", 0, "sender")),
    ],
)
def test_teams_and_accounts_are_of_one_owner(over: dict[str, Any], place: tuple[int | str, ...]) -> None:
    assert [found for found, _ in mistakes(**over)] == [place]


def test_a_bare_handle_may_be_two_brands_on_two_platforms() -> None:
    assert mistakes(brands=[{"name": "B", "handles": ["acme"]}]) == []


def test_data_of_another_shape_is_passed_over() -> None:
    for said in (None, 1, "x", [1], {"a": 1}, [None], [{"name": 1}]):
        for field in ("queues", "brands", "brand", "departments"):
            list(disagreements(POLICY | {field: said}, ()))
        for field in ("borrows", "skills", "rings", "limits", "order", "closed", "team", "name"):
            list(disagreements(POLICY | {"queues": [{"name": "a", field: said}]}, ()))
        for field in ("action", "queue", "skills", "tags", "urgency", "priority", "when", "name"):
            rule = {"name": "a", "action": "respond", "queue": "care", field: said}
            list(disagreements(POLICY | {"rules": [rule]}, ()))
        list(disagreements(POLICY | {"queues": queue(borrows=[{"team": said, "waiting_over": 3}])}, ()))
