"""An accepted case is held, waits for the customer, is handed on, or shown to somebody who is asked for advice."""

from typing import Any

import pytest

from schemas.people.casework import (
    CaseHeld,
    CaseResumed,
    CaseTransferred,
    ConsultEnded,
    ConsultStarted,
    CustomerAwaited,
    WrappedUp,
)
from schemas.policy.policy import Policy
from tests.builders import (
    accept,
    ask,
    at,
    policy,
    presence,
    reject,
    reply,
    resolve,
    scored,
    sentiment,
    signed_in,
    signed_out,
)
from tests.routers import ALL
from tests.unit.route.desk_of_one import Desk


def assigned(desk: Desk) -> str:
    """A case that r1 has accepted; r1 is alone."""
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    desk.feed(accept(offer.case_id))
    return offer.case_id


def test_a_held_case_keeps_its_rep_and_its_place() -> None:
    desk = Desk()
    case_id = assigned(desk)
    held = desk.feed(ask(CaseHeld, case_id))
    assert (held.steps, held.current[0].state) == ([("held", "by_rep")], "held")
    assert [(said.state, said.update, said.reason) for said in held.assignments] == [("assigned", 1, "held")]
    resumed = desk.feed(ask(CaseResumed, case_id))
    assert (resumed.steps, resumed.current[0].state) == ([("resumed", "by_rep")], "assigned")


def test_a_hold_with_an_end_is_over_then() -> None:
    desk = Desk()
    case_id = assigned(desk)
    desk.feed(ask(CaseHeld, case_id, until=at(60_000)))
    assert desk.after(59.999).tick().steps == []
    assert desk.after(0.001).tick().steps == [("resumed", "time_over")]
    assert desk.after(3600).tick().steps == []


def test_the_customers_next_post_ends_the_wait_for_it() -> None:
    desk = Desk()
    case_id = assigned(desk)
    assert desk.feed(ask(CustomerAwaited, case_id)).current[0].state == "awaiting"
    answer = desk.feed(scored("p2", action="none", in_reply_to="x:p1"))
    assert answer.steps == [("resumed", "customer_wrote"), ("joined", "reply")]
    assert answer.current[0].state == "assigned"


def test_the_brands_own_post_does_not_end_the_wait_for_the_customer() -> None:
    desk = Desk()
    desk.feed(ask(CustomerAwaited, assigned(desk)))
    answer = desk.feed(scored("o1", "acme", "none", own=True, in_reply_to="x:p1", ms=5))
    assert answer.current[0].state == "awaiting"


@pytest.mark.parametrize("kind", [CaseHeld, CustomerAwaited])
def test_a_case_that_is_held_can_be_answered_and_resolved(kind: type[Any]) -> None:
    desk = Desk()
    case_id = assigned(desk)
    assert desk.feed(ask(kind, case_id), reply(case_id), resolve(case_id)).types[-2:] == ["replied", "resolved"]


@pytest.mark.parametrize("kind", [CaseHeld, CustomerAwaited, CaseResumed, ConsultEnded, WrappedUp])
def test_an_offer_cannot_be_worked_on_before_it_is_accepted(kind: type[Any]) -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in(), scored("p1")).assignments
    more: dict[str, Any] = {"with_rep": "r2"} if kind is ConsultEnded else {}
    assert desk.feed(ask(kind, offer.case_id, **more)).steps == [("request_refused", "not_assigned")]


def test_nobody_else_can_hold_a_case() -> None:
    desk = Desk()
    case_id = assigned(desk)
    assert desk.feed(ask(CaseHeld, case_id, rep_id="r2")).steps == [("request_refused", "wrong_rep")]


def test_a_transfer_to_another_department_waits_there_at_its_old_age() -> None:
    desk = Desk()
    case_id = assigned(desk)
    answer = desk.after(60).feed(ask(CaseTransferred, case_id, to_queue="fans", reason="wrong_department"))
    assert answer.steps == [("transferred", "wrong_department")]
    assert answer.states == [("released", "transferred", "r1")]
    assert answer.team_topics == ["assignments.acme.care"], "its old team hears that it is gone"
    [case] = answer.current
    assert (case.state, case.queue, case.team, case.rep_id) == ("waiting", "fans", "social", None)
    assert (desk.now_ms - case.queued_at.timestamp() * 1000) == 60_000
    [offer] = desk.feed(signed_in("r2", teams=("social",))).assignments
    assert (offer.rep_id, offer.attempt) == ("r2", 2)


def test_a_transfer_to_a_team_goes_to_its_first_queue() -> None:
    desk = Desk()
    case_id = assigned(desk)
    assert desk.feed(ask(CaseTransferred, case_id, to_team="social")).current[0].queue == "fans"


def test_a_transfer_within_the_team_goes_to_somebody_else_first() -> None:
    desk = Desk()
    case_id = assigned(desk)
    desk.feed(signed_in("r2"))
    answer = desk.feed(ask(CaseTransferred, case_id, to_queue="billing"))
    assert answer.states == [("released", "transferred", "r1"), ("offered", "matched", "r2")]


def test_who_refused_a_case_is_asked_again_after_its_transfer_to_a_queue() -> None:
    desk = Desk()
    [offer] = desk.feed(signed_in("r2"), scored("p1")).assignments
    desk.feed(signed_in("r1"), reject(offer.case_id, 1, "r2"), accept(offer.case_id, 2))
    [busy] = desk.feed(signed_in("r3", capacity=1), scored("p2", "bob")).assignments
    assert busy.rep_id == "r3", "who has not refused the case, and is not free"
    answer = desk.feed(ask(CaseTransferred, offer.case_id, 2, to_queue="billing"))
    assert answer.states[-1] == ("offered", "matched", "r2")


@pytest.mark.parametrize("to", [{"to_queue": "nowhere"}, {"to_team": "nobody"}])
def test_a_transfer_to_nowhere_is_refused(to: dict[str, Any]) -> None:
    desk = Desk()
    case_id = assigned(desk)
    answer = desk.feed(ask(CaseTransferred, case_id, **to))
    assert answer.steps == [("request_refused", "unknown_queue")]
    assert answer.current[0].state == "assigned"


def two(desk: Desk) -> str:
    """A case of r1, and r2 beside."""
    case_id = assigned(desk)
    desk.feed(signed_in("r2", capacity=1))
    return case_id


def test_a_transfer_to_a_rep_who_is_not_asked() -> None:
    desk = Desk()
    case_id = two(desk)
    answer = desk.feed(ask(CaseTransferred, case_id, to_rep="r2"))
    assert answer.steps == [("transferred", "transferred"), ("assigned", "transferred")]
    assert answer.states == [("released", "transferred", "r1"), ("assigned", "transferred", "r2")]
    assert desk.feed(reply(case_id, 2, "r2")).types == ["replied"]


def test_a_rep_of_another_team_hears_of_the_transfer_on_the_teams_own_topic() -> None:
    desk = Desk()
    case_id = assigned(desk)
    desk.feed(signed_in("s1", teams=("abroad", "social")))
    care, social = "assignments.acme.care", "assignments.acme.social"
    answer = desk.feed(ask(CaseTransferred, case_id, to_rep="s1", warm=True))
    assert answer.team_topics == [care, care, social], "a team that the policy does not know has no topic"
    assert desk.feed(accept(case_id, 2, "s1")).team_topics == [care, social]
    back = desk.feed(ask(CaseTransferred, case_id, 2, "s1", to_rep="r1"))
    assert back.team_topics == [care, social, care], "and r1 needs no copy"


def test_a_transfer_to_a_rep_who_is_asked_and_accepts() -> None:
    desk = Desk()
    case_id = two(desk)
    answer = desk.feed(ask(CaseTransferred, case_id, to_rep="r2", warm=True))
    assert answer.states == [("released", "transferred", "r1"), ("offered", "transferred", "r2")]
    assert desk.feed(accept(case_id, 2, "r2")).states == [("assigned", "accepted", "r2")]


@pytest.mark.parametrize("how", ["rejects", "misses", "leaves"])
def test_a_transfer_that_the_other_does_not_accept_comes_back(how: str) -> None:
    desk = Desk()
    case_id = two(desk)
    desk.feed(ask(CaseTransferred, case_id, to_rep="r2", warm=True))
    if how == "rejects":
        answer = desk.feed(reject(case_id, 2, "r2"))
    elif how == "misses":
        answer = desk.after(120).tick()
    else:
        answer = desk.feed(signed_out("r2"))
    assert [(state, rep_id) for state, _, rep_id in answer.states] == [("released", "r2"), ("assigned", "r1")]
    assert answer.current[0].rep_id == "r1"


@pytest.mark.parametrize(
    "to", [{"to_rep": "r2"}, {"to_rep": "r2", "warm": True}, {"to_queue": "care"}], ids=["given", "asked", "queue"]
)
def test_whoever_has_a_case_after_a_transfer_sees_who_handed_it_on(to: dict[str, Any]) -> None:
    desk = Desk()
    case_id = two(desk)
    said = desk.feed(ask(CaseTransferred, case_id, **to)).assignments
    if said[-1].state == "offered":
        said = desk.feed(accept(case_id, 2, "r2")).assignments
    assert [(one.state, one.rep_id, one.from_rep) for one in said[-1:]] == [("assigned", "r2", "r1")]


def test_a_transfer_comes_back_when_the_customer_writes_to_somebody_who_went_away() -> None:
    desk = Desk()
    case_id = two(desk)
    desk.feed(ask(CaseTransferred, case_id, to_rep="r2", warm=True))
    desk.feed(presence("r2", "away"))
    desk.take(policy(version=2, away_release="unanswered"))
    answer = desk.feed(scored("p2", action="none", in_reply_to="x:p1"))
    assert [(state, rep_id) for state, _, rep_id in answer.states][-2:] == [("released", "r2"), ("assigned", "r1")]


def test_a_transfer_that_was_accepted_does_not_come_back() -> None:
    desk = Desk()
    case_id = two(desk)
    desk.feed(ask(CaseTransferred, case_id, to_rep="r2", warm=True), accept(case_id, 2, "r2"))
    answer = desk.feed(signed_out("r2"))
    assert answer.states == [("released", "signed_out", "r2"), ("offered", "matched", "r1")], "r1 is asked"


def test_a_transfer_that_nobody_takes_waits_when_its_rep_has_gone() -> None:
    desk = Desk()
    case_id = two(desk)
    desk.feed(ask(CaseTransferred, case_id, to_rep="r2", warm=True), signed_out("r1"))
    assert desk.feed(reject(case_id, 2, "r2")).current[0].state == "offered", "r2 is the only one left"


@pytest.mark.parametrize(
    ("to_rep", "refusal"), [("r9", "unknown_rep"), ("r2", "rep_not_free"), ("r1", "rep_not_free")]
)
def test_a_transfer_to_a_rep_who_cannot_have_it_is_refused(to_rep: str, refusal: str) -> None:
    desk = Desk()
    case_id = two(desk)
    busy = desk.feed(scored("p2", "bob", priority=90.0)).assignments
    assert [said.rep_id for said in busy] == ["r2"]
    answer = desk.feed(ask(CaseTransferred, case_id, to_rep=to_rep))
    assert answer.steps == [("request_refused", refusal)]
    assert answer.current[0].rep_id == "r1"


def test_nobody_is_asked_while_the_router_lags() -> None:
    desk = Desk()
    case_id = two(desk)
    desk.router.set_live(False, desk.now_ms, ALL)
    asked = ask(CaseTransferred, case_id, to_rep="r2", warm=True)
    assert desk.feed(asked).steps == [("request_refused", "rep_not_free")]
    assert desk.feed(ask(CaseTransferred, case_id, to_rep="r2")).types == ["transferred", "assigned"]


def test_who_is_asked_for_advice_sees_the_case_and_owns_nothing() -> None:
    desk = Desk()
    case_id = two(desk)
    asked = desk.feed(ask(ConsultStarted, case_id, with_rep="r2"))
    assert asked.steps == [("consult_started", "by_rep")]
    assert asked.events[0].rep_id == "r2"
    assert asked.assignments[0].consulted == ("r2",)
    assert desk.feed(reply(case_id, 1, "r2")).steps == [("request_refused", "wrong_rep")]
    ended = desk.feed(ask(ConsultEnded, case_id, with_rep="r2"))
    assert ended.assignments[0].consulted is None


def test_nobody_can_ask_who_is_not_there() -> None:
    desk = Desk()
    case_id = assigned(desk)
    assert desk.feed(ask(ConsultStarted, case_id, with_rep="r7")).steps == [("request_refused", "unknown_rep")]


def with_wrap_up() -> Policy:
    given = policy()
    return given.model_copy(update={"queues": tuple(q.model_copy(update={"wrap_up_s": 30}) for q in given.queues)})


@pytest.mark.parametrize("how", ["by_rep", "time_over", "signed_out"])
def test_a_resolved_case_takes_its_rep_until_it_is_wrapped_up(how: str) -> None:
    desk = Desk(with_wrap_up())
    [offer] = desk.feed(signed_in(capacity=1), scored("p1")).assignments
    answer = desk.feed(accept(offer.case_id), resolve(offer.case_id), scored("p2", "bob"))
    assert answer.types == ["assigned", "wrapping", "queued"], "and nothing is offered meanwhile"
    if how == "by_rep":
        ended = desk.feed(ask(WrappedUp, offer.case_id))
    elif how == "time_over":
        ended = desk.after(30).tick()
    else:
        ended = desk.feed(signed_out())
    assert ended.steps[:2] == [("wrapped_up", how), ("resolved", "resolved")]
    assert ended.states[0] == ("closed", "resolved", "r1")
    assert ended.tombstones == [offer.case_id]
    assert (("offered", "matched", "r1") in ended.states) == (how != "signed_out")


def test_a_customer_who_writes_during_the_wrap_up_goes_on_with_the_same_rep() -> None:
    desk = Desk(with_wrap_up())
    case_id = assigned(desk)
    desk.feed(resolve(case_id))
    thanks = scored("p2", action="none", in_reply_to="x:p1", sentiment=sentiment("positive"))
    assert desk.feed(thanks).steps == [("refused", "thanks")]
    answer = desk.feed(scored("p3", in_reply_to="x:p1"))
    assert answer.steps == [("reopened", "reply"), ("joined", "reply")]
    assert (answer.current[0].state, answer.current[0].rep_id) == ("assigned", "r1")
    assert desk.after(60).tick().steps == []


@pytest.mark.parametrize("more", [{"revision": 1, "priority": 90.0}, {"pull_id": "one"}])
def test_a_post_that_asks_again_during_the_wrap_up_goes_on_with_the_same_rep(more: dict[str, Any]) -> None:
    desk = Desk(with_wrap_up())
    desk.feed(resolve(assigned(desk)))
    answer = desk.feed(scored("p1", **more))
    assert answer.steps == [("reopened", "edit"), ("joined", "edit")]
    assert (answer.current[0].state, answer.current[0].rep_id) == ("assigned", "r1")
    assert desk.after(60).tick().steps == []


@pytest.mark.parametrize("more", [{"priority": 50.0}, {"action": "none", "deleted": True, "text": None}])
def test_a_change_that_asks_for_nothing_leaves_the_wrap_up_alone(more: dict[str, Any]) -> None:
    desk = Desk(with_wrap_up())
    desk.feed(resolve(assigned(desk)))
    answer = desk.feed(scored("p1", revision=1, **more))
    assert answer.types == ["joined"]
    assert (answer.current[0].state, answer.current[0].rep_id) == ("wrapping", "r1")
    assert desk.after(60).tick().types == ["wrapped_up", "resolved"]
