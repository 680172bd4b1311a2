"""In a sticky queue a case goes first to the rep who had an earlier case of its customer."""

from typing import Any

import pytest

from schemas.cases.case import Assignment
from schemas.people.casework import CaseTransferred
from schemas.people.supervision import CaseSplit
from schemas.policy.policy import Policy
from tests.builders import accept, ask, policy, presence, reject, resolve, scored, signed_in, tell, topics
from tests.unit.route.desk_of_one import Answer, Desk

TTL_S = 1000


def sticky(scope: str = "queue", queue: dict[str, Any] | None = None, **over: Any) -> Policy:
    data = policy(version=2, **over).model_dump(mode="json")
    for each in data["queues"]:
        each |= {"sticky": {"scope": scope, "ttl_s": TTL_S, "hold_s": 60}} | (queue or {})
    return Policy.model_validate(data)


def served(given: Policy, **post: Any) -> Desk:
    """Returns a desk at which `r1` has served ann, and `r2`, who is idle for longer, is there too."""
    desk = Desk(given)
    desk.feed(signed_in("r1", capacity=2))
    [offer] = desk.feed(scored("p1", topics=topics("router"), **post)).assignments
    desk.feed(signed_in("r2", capacity=2))
    desk.feed(accept(offer.case_id))
    assert desk.after(1).feed(resolve(offer.case_id)).types == ["resolved"]
    return desk


def another(post_id: str = "p2", **over: Any) -> Any:
    """Returns a post of the same customer about another matter."""
    return scored(post_id, topics=topics("billing"), **over)


def fill(desk: Desk, *reps: str) -> None:
    """Gives each of the reps as many cases of others as the rep can take."""
    for rep_id in reps:
        desk.feed(*(presence(other, "away", seq=90) for other in {"r1", "r2"} - {rep_id}))
        desk.feed(*(scored(f"{rep_id}-{n}", f"{rep_id}-{n}") for n in range(2)))
        desk.feed(*(presence(other, seq=91) for other in {"r1", "r2"} - {rep_id}))


def offers(answer: Answer) -> list[Assignment]:
    return [a for a in answer.assignments if a.state == "offered"]


def test_the_next_case_of_a_customer_goes_to_the_rep_of_the_one_before() -> None:
    desk = served(sticky())
    [offer] = desk.feed(another()).assignments
    assert (offer.rep_id, offer.reasons[-1].code) == ("r1", "route.sticky_rep")
    assert offer.candidates.eligible == 2


def test_without_stickiness_it_goes_to_whoever_is_next() -> None:
    assert served(sticky("off")).feed(another()).assignments[0].rep_id == "r2"


@pytest.mark.parametrize(("scope", "rep_id"), [("queue", "r2"), ("any", "r1")])
def test_the_scope_says_whether_a_case_of_another_queue_counts(scope: str, rep_id: str) -> None:
    assert served(sticky(scope)).feed(another(queue="billing")).assignments[0].rep_id == rep_id


def test_a_case_that_ended_longer_ago_counts_no_more() -> None:
    desk = served(sticky())
    assert desk.after(TTL_S - 1).feed(another()).assignments[0].rep_id == "r1"
    desk = served(sticky())
    assert desk.after(TTL_S).feed(another()).assignments[0].rep_id == "r2"


def test_it_counts_where_the_queue_reopens_nothing_too() -> None:
    desk = served(sticky(queue={"reopen_within_s": 0}))
    answer = desk.feed(scored("p2", topics=topics("router")))
    assert answer.types == ["queued", "offered"]
    assert answer.assignments[0].rep_id == "r1"


def test_who_has_an_open_case_of_the_customer_comes_before_who_had_one() -> None:
    desk = served(sticky())
    desk.feed(presence("r1", "away", seq=5))
    [offer] = desk.feed(another()).assignments
    assert offer.rep_id == "r2"
    desk.feed(accept(offer.case_id, rep_id="r2"), presence("r1", seq=6))
    assert desk.feed(scored("p3", topics=topics("shops"))).assignments[0].rep_id == "r2"


@pytest.mark.parametrize(("scope", "rep_id"), [("queue", "r2"), ("any", "r1")])
def test_what_a_supervisor_takes_out_of_a_case_goes_where_a_new_case_would(scope: str, rep_id: str) -> None:
    desk = served(sticky(scope))
    [offer] = desk.feed(another()).assignments
    desk.feed(accept(offer.case_id), another("p3"))
    split = desk.after(61).feed(tell(CaseSplit, case_id=offer.case_id, post_ids=("x:p3",), queue="billing"))
    assert [a.rep_id for a in offers(split)] == [rep_id]
    assert "sticky_ended" not in desk.after(1).tick().types


@pytest.mark.parametrize("gone", ["away", "full"])
def test_it_goes_to_others_at_once_while_the_rep_is_away_or_full(gone: str) -> None:
    desk = served(sticky())
    if gone == "away":
        desk.feed(presence("r1", "away", seq=5))
    else:
        fill(desk, "r1")
    assert desk.feed(another()).assignments[0].rep_id == "r2"


def bounded(**over: Any) -> Desk:
    """Returns a desk at which `r1` has served ann, has room, and is at the bound of offers."""
    return served(sticky(offers_per_hour=1, **over))


def test_a_case_waits_for_a_rep_with_room_who_may_be_asked_soon_and_for_nobody_else() -> None:
    desk = bounded()
    assert desk.feed(another()).types == ["queued"]
    assert desk.after(59.999).tick().types == []
    answer = desk.after(0.001).tick()
    assert answer.steps == [("sticky_ended", "time_over"), ("offered", "matched")]
    assert answer.events[0].rep_id == "r1"
    assert answer.assignments[0].rep_id == "r2"


def test_the_hold_is_over_once_the_rep_leaves() -> None:
    desk = bounded()
    desk.feed(another())
    answer = desk.feed(presence("r1", "away", seq=5))
    assert answer.states == [("offered", "matched", "r2")]


def test_the_hold_is_over_once_the_rep_has_no_room_left() -> None:
    desk = bounded()
    [case] = desk.feed(scored("q1", "bob")).assignments
    desk.feed(accept(case.case_id, rep_id="r2"), signed_in("r3"))
    desk.feed(another())
    [other] = desk.feed(scored("q2", "cid")).assignments
    desk.feed(accept(other.case_id, rep_id="r3"))
    given = [
        ask(CaseTransferred, each.case_id, rep_id=each.rep_id, to_rep="r1", reason="x") for each in (case, other)
    ]
    desk.feed(signed_in("r4"))
    assert offers(desk.feed(given[0])) == []
    assert [a.rep_id for a in offers(desk.feed(given[1]))] == ["r4"]


def test_ring_time_runs_during_the_hold() -> None:
    desk = bounded(queue={"rings": [{"after_s": 30, "raise_priority": 5}]})
    desk.feed(another())
    assert desk.after(30).tick().types == ["ring_changed"]
    assert desk.after(30).tick().types == ["sticky_ended", "offered"]


def test_whoever_rejects_the_case_is_waited_for_no_longer() -> None:
    desk = served(sticky())
    [offer] = desk.feed(another()).assignments
    assert desk.feed(reject(offer.case_id)).states[-1] == ("offered", "matched", "r2")


def test_a_case_that_is_transferred_waits_for_nobody() -> None:
    desk = served(sticky("any"))
    [offer] = desk.feed(another()).assignments
    desk.feed(accept(offer.case_id))
    answer = desk.feed(ask(CaseTransferred, offer.case_id, to_queue="billing", reason="x"))
    assert answer.states[-1] == ("offered", "matched", "r2")


def test_a_reopened_case_waits_for_its_rep_too() -> None:
    desk = bounded()
    assert desk.feed(scored("p2", topics=topics("router"))).types == ["reopened", "joined"]
    answer = desk.after(60).tick()
    assert answer.steps == [("sticky_ended", "time_over"), ("offered", "matched")]


def test_a_hold_survives_a_restart() -> None:
    desk = bounded()
    desk.feed(another())
    desk.restart(sticky(offers_per_hour=1))
    assert desk.after(59).tick().types == []
    assert desk.after(1).tick().types == ["sticky_ended", "offered"]


def test_a_rep_without_the_skills_is_not_waited_for() -> None:
    desk = bounded()
    desk.feed(signed_in("r3", skills=("es",)))
    assert desk.feed(another(skills=("es",))).assignments[0].rep_id == "r3"


def test_a_hold_of_no_time_still_prefers_the_rep() -> None:
    desk = served(sticky(queue={"sticky": {"scope": "queue", "hold_s": 0}}))
    assert desk.feed(another()).assignments[0].rep_id == "r1"
    desk = bounded(queue={"sticky": {"scope": "queue", "hold_s": 0}})
    assert desk.feed(another()).types == ["queued"]
    assert desk.tick().types == ["sticky_ended", "offered"]
