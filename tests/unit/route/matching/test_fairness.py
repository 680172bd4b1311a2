"""A queue says which of the reps who fit alike is asked first."""

from typing import Any

import pytest

from schemas.policy.policy import Policy
from tests.builders import accept, policy, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def fair(**rules: str) -> Policy:
    """Returns a policy with a rule of fairness for each queue that is named."""
    data = policy(version=2).model_dump(mode="json")
    for queue in data["queues"]:
        queue["fairness"] = rules.get(queue["name"], "load")
    return Policy.model_validate(data)


def reps(desk: Desk, *posts: Any) -> list[str]:
    """Feeds the posts a second after each other and returns who was offered each."""
    return [desk.after(1).feed(post).assignments[-1].rep_id for post in posts]


def posts(count: int, first: int = 0, **over: Any) -> list[Any]:
    return [scored(f"p{n}", f"a{n}", **over) for n in range(first, first + count)]


@pytest.mark.parametrize(
    ("rule", "code", "takes"),
    [("load", "route.lowest_load", "large"), ("longest_idle", "route.longest_idle", "small")],
)
def test_the_load_or_the_time_since_the_last_offer_decides(rule: str, code: str, takes: str) -> None:
    desk = Desk(fair(care=rule))
    desk.feed(signed_in("small", capacity=2))
    reps(desk, *posts(1))
    desk.feed(signed_in("large", capacity=10))
    # Now `small` has had the older offer and is loaded more.
    reps(desk, *posts(1, 1))
    answer = desk.after(1).feed(scored("last", "zoe"))
    assert [a.rep_id for a in answer.assignments] == [takes]
    assert answer.assignments[0].reasons[-1].code == code


def test_reps_take_turns_in_a_queue_whatever_else_they_were_offered() -> None:
    desk = Desk(fair(care="round_robin"))
    desk.feed(signed_in("r1", capacity=20), signed_in("r2", capacity=20))
    first = reps(desk, *posts(1))[0]
    second = {"r1": "r2", "r2": "r1"}[first]
    # Offers of another queue give nobody a turn in this one, nor take it.
    [busy] = reps(desk, *posts(1, 1, queue="billing"))
    assert busy == second
    assert reps(desk, *posts(4, 2)) == [second, first, second, first]
    answer = desk.after(1).feed(scored("last", "zoe"))
    assert answer.assignments[0].reasons[-1].code == "route.round_robin"


def test_a_turn_survives_a_restart_and_an_edit_of_another_queue() -> None:
    given = fair(care="round_robin")
    desk = Desk(given)
    desk.feed(signed_in("r1", capacity=20), signed_in("r2", capacity=20))
    taken = reps(desk, *posts(3), *posts(2, 3, queue="billing"))
    desk.restart(given)
    desk.take(fair(care="round_robin", billing="longest_idle"))
    assert reps(desk, *posts(1, 5)) == [taken[1]]


def test_a_policy_with_another_rule_puts_the_reps_in_its_order_at_once() -> None:
    desk = Desk()
    desk.feed(signed_in("small", capacity=2))
    reps(desk, *posts(1))
    desk.feed(signed_in("large", capacity=10))
    reps(desk, *posts(1, 1))
    desk.take(fair(care="longest_idle"))
    assert reps(desk, *posts(1, 2)) == ["small"]


def test_the_rule_of_the_queue_decides_among_classes_too() -> None:
    desk = Desk(fair(care="longest_idle"))
    desk.feed(signed_in("r1", skills=("es",), capacity=2))
    reps(desk, *posts(1))
    desk.feed(signed_in("r2", capacity=10))
    assert reps(desk, *posts(3, 1)) == ["r2", "r1", "r2"]


def test_an_accepted_case_is_no_offer() -> None:
    desk = Desk(fair(care="longest_idle"))
    desk.feed(signed_in("r1"), signed_in("r2"))
    answer = desk.feed(scored("p0", "a0"))
    desk.after(1).feed(scored("p1", "a1"))
    desk.after(1).feed(accept(answer.assignments[0].case_id, rep_id=answer.assignments[0].rep_id))
    assert reps(desk, *posts(1, 2)) == [answer.assignments[0].rep_id]
