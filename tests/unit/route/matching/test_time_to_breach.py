"""A pool may go by the time to the next breach in place of the priority."""

from typing import Any

from schemas.policy.policy import Policy
from schemas.posts.scored import ScoredPost
from tests.builders import at, policy, scored, signed_in
from tests.unit.route.desk_of_one import Answer, Desk

TARGETS = [{"band": ["p1"], "first_response_s": 600, "resolution_s": 7200}, {"first_response_s": 3600}]


def _by_breach(order: str = "time_to_breach", **over: Any) -> Policy:
    data = policy(oldest_every=20).model_dump(mode="json")
    for queue in data["queues"]:
        queue |= {"order": order}
    data["queues"][0]["sla"] = "care"
    data["calendars"] = [{"name": "always", "zone": "UTC", "week": {day: ["00:00-24:00"] for day in DAYS}}]
    data["slas"] = [{"name": "care", "calendar": "always", "targets": TARGETS}]
    return Policy.model_validate(data | over)


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _post(name: str, received_s: int = 0, **over: Any) -> ScoredPost:
    return scored(name, by=name, ms=1000 * received_s, received_at=at(1000 * received_s), **over)


def _order(answer: Answer) -> list[str]:
    return [said.posts[0].post_id.removeprefix("x:") for said in answer.assignments if said.state == "offered"]


def test_the_case_with_the_nearest_deadline_goes_first_in_all_queues_of_a_pool() -> None:
    desk = Desk(_by_breach())
    # Of billing the first response is due after 1,800 s by the clock.
    desk.feed(_post("slow", priority=60.0), _post("billing", queue="billing", priority=1.0))
    desk.feed(_post("urgent", priority=90.0))
    answer = desk.feed(signed_in(capacity=3))
    assert _order(answer) == ["urgent", "billing", "slow"]
    assert answer.assignments[0].reasons[-2].code == "route.nearest_deadline"


def test_a_case_whose_priority_rises_gets_the_place_of_its_new_deadline() -> None:
    desk = Desk(_by_breach())
    desk.feed(_post("a", priority=50.0))
    desk.feed(_post("b", priority=50.0), scored("b2", by="b", priority=90.0, in_reply_to="x:b"))
    assert _order(desk.feed(signed_in(capacity=1))) == ["b"]


def test_a_missed_deadline_stays_the_nearest() -> None:
    desk = Desk(_by_breach())
    desk.feed(_post("old", priority=50.0))
    desk.after(3700).tick()
    desk.feed(_post("new", 3700, priority=90.0))
    assert _order(desk.feed(signed_in(capacity=1))) == ["old"]


def test_an_edit_of_the_policy_changes_the_order_of_what_waits_and_a_restart_keeps_it() -> None:
    before = _by_breach("priority")
    desk = Desk(before)
    desk.feed(_post("first", priority=10.0), _post("second", queue="billing", priority=60.0))
    after = _by_breach(version=2)
    desk.take(after)
    desk.after(1).tick()
    desk.restart(after)
    desk.feed(_post("third", 1, priority=90.0))
    assert _order(desk.feed(signed_in(capacity=5))) == ["third", "second", "first"]


def test_a_rep_of_teams_with_unlike_orders_has_the_one_by_priority_first_but_for_the_turns_of_the_oldest() -> None:
    data = _by_breach(oldest_every=4).model_dump(mode="json")
    data["queues"].append({"name": "press", "team": "press", "order": "priority"})
    desk = Desk(Policy.model_validate(data))
    # The deadlines of the first two have passed when the rep comes.
    desk.feed(*(_post(f"late{n}", n, priority=90.0) for n in range(2)))
    desk.after(4000).feed(*(_post(f"press{n}", 4000 + n, queue="press", priority=float(n)) for n in range(4)))
    both = signed_in(capacity=6).model_copy(update={"teams": ("care", "press")})
    assert _order(desk.feed(both)) == ["press3", "press2", "press1", "late0", "press0", "late1"]
