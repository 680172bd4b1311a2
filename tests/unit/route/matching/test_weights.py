"""Cases take as much of a rep's capacity as their queue says, from the offer to the end."""

from typing import Any

import pytest

from schemas.cases.case import Assignment
from schemas.people.casework import CaseTransferred
from schemas.policy.policy import Policy
from tests.builders import accept, ask, policy, resolve, scored, signed_in
from tests.unit.route.desk_of_one import Desk


def weighed(**care: Any) -> Policy:
    """Returns a policy whose queue `care` says something about weights."""
    data = policy(version=2).model_dump(mode="json")
    data["queues"][0] |= care
    return Policy.model_validate(data)


HEAVY = weighed(channel_weights={"public": 1, "direct": 3})


def test_an_offer_takes_as_much_as_the_channel_of_its_case_weighs() -> None:
    desk = Desk(HEAVY)
    desk.feed(signed_in(capacity=4))
    posts = (scored(f"p{n}", f"a{n}", visibility="direct" if n < 2 else "public") for n in range(4))
    answer = desk.feed(*posts)
    assert [a.posts[0].post_id for a in answer.assignments] == ["x:p0", "x:p2"]
    assert answer.assignments[1].reasons[-1].detail.endswith("has 1 cases, which take 3 of 4")


def test_a_rep_takes_no_case_that_weighs_more_than_the_whole_capacity() -> None:
    desk = Desk(HEAVY)
    desk.feed(signed_in(capacity=2))
    assert desk.feed(scored("p1", visibility="direct")).types == ["queued"]
    assert desk.feed(signed_in("r2", capacity=3)).states == [("offered", "matched", "r2")]


def test_who_has_room_comes_before_who_has_the_lower_load_and_none() -> None:
    desk = Desk(HEAVY)
    desk.feed(signed_in("small", capacity=1), signed_in("large", capacity=10), scored("p1"), scored("p2", "bob"))
    answer = desk.feed(scored("p3", "cid", visibility="direct"))
    assert [a.rep_id for a in answer.assignments] == ["large"]
    assert answer.assignments[0].candidates.excluded == {"at_capacity": 1}


def test_the_share_comes_free_at_the_end_and_not_before() -> None:
    desk = Desk(weighed(channel_weights={"public": 2}, wrap_up_s=60))
    [offer] = desk.feed(signed_in(capacity=3), scored("p1")).assignments
    assert desk.feed(scored("p2", "bob")).assignments == []
    desk.feed(accept(offer.case_id))
    assert desk.feed(resolve(offer.case_id)).types == ["wrapping"]
    assert desk.after(60).tick().types == ["wrapped_up", "resolved", "offered"]


def test_a_case_weighs_the_same_as_long_as_somebody_has_it() -> None:
    desk = Desk(HEAVY)
    [offer] = desk.feed(signed_in(capacity=4), scored("p1", topics=())).assignments
    desk.feed(accept(offer.case_id))
    # The customer goes on in private, which would weigh more.
    desk.feed(scored("p2", visibility="direct", topics=()))
    assert len(desk.feed(*(scored(f"p{n}", f"a{n}") for n in range(3, 7))).assignments) == 3
    assert [a.rep_id for a in desk.feed(resolve(offer.case_id)).assignments if a.state == "offered"] == ["r1"]


def test_interruptible_cases_take_no_room_from_others_and_find_room_beside_all() -> None:
    desk = Desk(weighed(interruptible=True))
    desk.feed(signed_in(capacity=1))
    assert len(desk.feed(scored("p1", "ann")).assignments) == 1
    assert desk.feed(scored("p2", "bob")).assignments == [], "no room beside an interruptible one"
    assert len(desk.feed(scored("p3", "cid", queue="billing")).assignments) == 1
    assert desk.feed(scored("p4", "dan", queue="billing")).assignments == []


def test_a_rep_with_more_than_the_capacity_counts_as_fully_loaded() -> None:
    desk = Desk(weighed(interruptible=True))
    desk.feed(signed_in(capacity=2))
    desk.feed(*(scored(f"p{n}", f"a{n}") for n in range(2)), scored("p2", "cid", queue="billing"))
    [offer] = desk.feed(scored("p3", "dan", queue="billing")).assignments
    assert [candidate.load for candidate in offer.candidates.best or ()] == [1.0], "three of two units"


def test_a_policy_that_weighs_otherwise_holds_for_the_cases_that_wait() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(capacity=2), *(scored(f"p{n}", f"a{n}") for n in range(1))).assignments
    desk.feed(scored("p1", "bob"), scored("p2", "cid"))
    assert desk.take(weighed(channel_weights={"public": 2})).assignments == []
    assert desk.after(1).tick().types == []
    desk.feed(accept(offer.case_id))
    assert desk.feed(resolve(offer.case_id)).types == ["resolved"], "one unit is free and two are needed"


@pytest.mark.parametrize(("capacity", "state"), [(3, "assigned"), (2, "released")])
def test_a_case_is_handed_on_to_a_rep_with_room_for_its_weight(capacity: int, state: str) -> None:
    desk = Desk(HEAVY)
    desk.feed(signed_in(capacity=3), signed_in("r2", teams=("social",), capacity=capacity))
    [offer] = desk.feed(scored("p1", visibility="direct")).assignments
    desk.feed(accept(offer.case_id))
    answer = desk.feed(ask(CaseTransferred, offer.case_id, to_rep="r2", reason="expert"))
    assert (answer.steps[-1] == ("request_refused", "rep_not_free")) == (state == "released")


def test_weights_survive_a_restart() -> None:
    desk = Desk(HEAVY)
    [offer] = desk.feed(signed_in(capacity=4), scored("p1", visibility="direct")).assignments
    desk.feed(accept(offer.case_id), scored("p2", "bob", visibility="direct"))
    desk.restart(HEAVY)
    assert len(desk.feed(scored("p3", "cid"), scored("p4", "dan")).assignments) == 1
    assert [a.posts[0].post_id for a in desk.feed(resolve(offer.case_id)).assignments[1:]] == ["x:p2"]


def test_lighter_cases_pass_over_a_heavier_one_while_they_come_and_no_longer() -> None:
    desk = Desk(HEAVY)
    held = desk.feed(signed_in(capacity=3), *(scored(f"l{n}", f"l{n}") for n in range(3))).assignments
    desk.feed(scored("heavy", "ann", visibility="direct", priority=100.0))
    for number in range(50):
        desk.feed(scored(f"n{number}", f"n{number}", priority=1.0))
        held = [*held[1:], *_resolved(desk, held[0])]
        assert held[-1].posts[0].post_id == f"x:n{number}"
    assert _resolved(desk, held[0]) == _resolved(desk, held[1]) == []
    assert [made.posts[0].post_id for made in _resolved(desk, held[2])] == ["x:heavy"]


def test_lighter_cases_that_may_be_interrupted_pass_over_nothing() -> None:
    data = HEAVY.model_dump(mode="json")
    data["queues"].append({"name": "light", "team": "care", "interruptible": True})
    desk = Desk(Policy.model_validate(data))
    light = (scored(f"l{n}", f"l{n}", queue="light") for n in range(4))
    assert len(desk.feed(signed_in(capacity=3), *light).assignments) == 3
    heavy = scored("heavy", "ann", visibility="direct", priority=100.0)
    assert [made.posts[0].post_id for made in desk.feed(heavy).assignments] == ["x:heavy"]


def _resolved(desk: Desk, offer: Assignment) -> list[Assignment]:
    """Ends a case, and returns the offers that follow."""
    desk.feed(accept(offer.case_id))
    return [made for made in desk.feed(resolve(offer.case_id)).assignments if made.state == "offered"]
