"""Limits of silence: a rep must answer a case in time, and a case ends to whose answer nothing comes."""

from typing import Any

from schemas.people.casework import CaseHeld, CaseResumed, CaseTransferred, CustomerAwaited
from schemas.people.supervision import CasesMerged
from schemas.policy.policy import Policy
from tests.builders import accept, ask, policy, reply, resolve, scored, signed_in, signed_out, tell
from tests.unit.route.desk_of_one import Desk

REPLY_S, FOLLOW_UP_S, IDLE_S = 600, 300, 3600


def limited(**over: Any) -> Policy:
    limits = {"reply_within_s": REPLY_S, "follow_up_within_s": FOLLOW_UP_S, "idle_s": IDLE_S} | over
    care, fans, billing = policy().queues
    return policy(queues=(care.model_copy(update=limits), fans, billing))


def accepted(desk: Desk, post_id: str = "p1", rep_id: str = "r1", **over: Any) -> str:
    """Lets the rep accept the case of a new post, and returns its id."""
    [offer] = desk.feed(scored(post_id, **over)).assignments
    desk.feed(accept(offer.case_id, offer.attempt, rep_id))
    return offer.case_id


def test_an_accepted_case_without_a_reply_goes_to_somebody_else_and_before_all_others() -> None:
    desk = Desk(limited())
    desk.feed(signed_in("r2", capacity=1))
    busy = accepted(desk, "p0", "r2", by="zoe", queue="billing")
    desk.feed(signed_in("r1", capacity=1))
    case_id = accepted(desk, priority=10.0)
    desk.after(100).feed(scored("p2", by="bob", priority=90.0))
    assert desk.after(REPLY_S - 100.001).tick().types == []
    desk.restart(limited())
    answer = desk.after(0.001).tick()
    assert answer.steps == [("released", "no_reply"), ("offered", "matched")]
    assert answer.states[0] == ("released", "no_reply", "r1")
    assert answer.assignments[1].case_id != case_id, "whoever let it lie does not get it back at once"
    offer = desk.feed(resolve(busy, rep_id="r2")).assignments[-1]
    assert (offer.case_id, offer.rep_id, offer.attempt) == (case_id, "r2", 2)
    assert "route.front" in {reason.code for reason in offer.reasons}


def test_a_case_keeps_its_place_before_all_others_until_somebody_accepts_it() -> None:
    desk = Desk(limited())
    desk.feed(signed_in("r1", capacity=1))
    case_id = accepted(desk, priority=10.0)
    desk.after(REPLY_S - 50).feed(scored("p2", by="bob", priority=90.0), scored("p3", by="cleo", priority=80.0))
    assert desk.after(50).tick().assignments[-1].case_id == case_id, "nobody else is there"
    desk.feed(signed_out("r1"))
    desk.restart(limited())
    [offer] = desk.feed(signed_in("r2", capacity=1)).assignments
    assert offer.case_id == case_id
    desk.feed(accept(case_id, 3, "r2"), signed_out("r2"))
    [offer] = desk.feed(signed_in("r3", capacity=1)).assignments
    assert offer.case_id != case_id, "after the accept it is a case like any other"


def test_a_reply_ends_the_limit_and_what_is_written_next_has_one_of_its_own() -> None:
    desk = Desk(limited(idle_s=None))
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.after(REPLY_S - 1).feed(reply(case_id))
    assert desk.after(9 * REPLY_S).tick().types == []
    desk.feed(scored("p2", in_reply_to="x:p1"))
    desk.after(100).feed(scored("p3", in_reply_to="x:p1"))
    assert desk.after(FOLLOW_UP_S - 100.001).tick().types == []
    assert desk.after(0.001).tick().steps[0] == ("released", "no_follow_up")


def test_time_counts_from_the_accept_where_that_is_later_than_what_is_owed() -> None:
    desk = Desk(limited())
    desk.feed(scored("p1"))
    [offer] = desk.after(5000).feed(signed_in()).assignments
    desk.after(100).feed(accept(offer.case_id))
    assert desk.after(REPLY_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().types[0] == "released"


def test_a_case_that_is_held_still_owes_an_answer_and_is_never_idle() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.feed(reply(case_id), ask(CaseHeld, case_id))
    assert desk.after(9 * IDLE_S).tick().types == []
    desk.feed(scored("p2", in_reply_to="x:p1"))
    assert desk.after(FOLLOW_UP_S - 0.001).tick().types == []
    answer = desk.after(0.001).tick()
    assert answer.steps[0] == ("released", "no_follow_up")
    desk.feed(accept(case_id, 2), reply(case_id, 2), ask(CaseHeld, case_id, 2))
    desk.after(9 * IDLE_S).feed(ask(CaseResumed, case_id, 2))
    assert desk.after(IDLE_S - 0.001).tick().types == [], "the hold does not count as silence"
    assert desk.after(0.001).tick().steps == [("resolved", "idle")]


def test_an_answered_case_in_which_nobody_writes_is_resolved_and_can_be_reopened() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.after(60).feed(reply(case_id), ask(CustomerAwaited, case_id))
    desk.restart(limited())
    assert desk.after(IDLE_S - 0.001).tick().types == []
    answer = desk.after(0.001).tick()
    assert answer.steps == [("resolved", "idle")]
    assert answer.states == [("closed", "resolved", "r1")]
    assert answer.tombstones == [case_id]
    assert desk.feed(scored("p2", in_reply_to="x:p1")).types[0] == "reopened"


def test_an_answered_case_that_was_held_for_long_is_not_idle_as_soon_as_the_customer_owes_an_answer() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.feed(reply(case_id), ask(CaseHeld, case_id))
    desk.after(9 * IDLE_S).feed(ask(CustomerAwaited, case_id))
    assert desk.after(IDLE_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().steps == [("resolved", "idle")]


def test_a_case_that_is_held_after_the_customer_owed_an_answer_is_not_late_at_once() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.feed(ask(CustomerAwaited, case_id))
    desk.after(9 * REPLY_S).feed(ask(CaseHeld, case_id))
    assert desk.after(REPLY_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().steps[0] == ("released", "no_reply")


def test_what_a_merge_adds_to_an_answered_case_is_not_late_at_once() -> None:
    desk = Desk(limited())
    desk.feed(signed_in(capacity=1))
    case_id = accepted(desk)
    [waiting] = desk.feed(reply(case_id), scored("q1", "bob")).current[1:]
    desk.after(9 * FOLLOW_UP_S).feed(tell(CasesMerged, case_id=waiting.case_id, into=case_id))
    assert desk.after(FOLLOW_UP_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().steps[0] == ("released", "no_follow_up")


def test_a_customer_who_owes_an_answer_before_the_first_reply_stops_the_limit_of_the_reply() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.feed(ask(CustomerAwaited, case_id))
    assert desk.after(9 * REPLY_S).tick().types == []
    desk.feed(ask(CaseResumed, case_id))
    assert desk.after(REPLY_S - 0.001).tick().types == [], "the rep has the whole time again"
    assert desk.after(0.001).tick().types[0] == "released"


def test_a_customer_who_writes_after_a_wait_without_any_reply_leaves_the_rep_the_whole_time_again() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.feed(ask(CustomerAwaited, case_id))
    desk.after(9 * REPLY_S).feed(scored("p2", in_reply_to="x:p1"))
    assert desk.after(REPLY_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().steps[0] == ("released", "no_reply")


def test_a_case_handed_on_after_an_answer_is_not_idle_at_once() -> None:
    desk = Desk(limited())
    desk.feed(signed_in("r1"))
    case_id = accepted(desk)
    desk.feed(reply(case_id))
    desk.feed(signed_out("r1"))
    desk.after(IDLE_S - 1).feed(ask(CaseTransferred, case_id, to_queue="care"))
    assert desk.after(IDLE_S).tick().types == [], "it waits for somebody who has something to do"
    [offer] = desk.feed(signed_in("r2")).assignments
    desk.feed(accept(offer.case_id, offer.attempt, "r2"))
    assert desk.after(IDLE_S - 0.001).tick().types == []
    assert desk.after(0.001).tick().steps == [("resolved", "idle")]


def test_a_queue_without_limits_lets_cases_lie() -> None:
    desk = Desk(limited())
    desk.feed(signed_in(teams=("social",)))
    case_id = accepted(desk, queue="fans")
    assert desk.router.next_timer_ms() is None or desk.after(99_999).tick().types == []
    assert desk.feed(reply(case_id), resolve(case_id)).types == ["replied", "resolved"]


def test_a_limit_that_comes_with_an_edit_of_the_policy_counts_for_the_cases_that_there_are() -> None:
    desk = Desk()
    desk.feed(signed_in())
    case_id = accepted(desk)
    desk.feed(scored("p2", by="bob"))
    desk.after(60).take(limited().model_copy(update={"version": 2}))
    assert ("rescheduled", "policy_changed") in desk.after(1).tick().steps
    # When it was accepted is not known any more. It was before the offer would have ended, after two minutes.
    assert desk.after(120 + REPLY_S - 61.001).tick().types == ["timed_out"]
    [released] = [event for event in desk.after(0.001).tick().events if event.type == "released"]
    assert (released.case_id, released.reason) == (case_id, "no_reply")


def test_a_limit_that_an_edit_takes_away_takes_no_case_even_before_the_case_is_counted_anew() -> None:
    desk = Desk(limited())
    desk.feed(signed_in())
    accepted(desk)
    desk.after(REPLY_S).take(policy(version=2))
    assert desk.tick().types == []
    assert desk.after(99_999).tick().types == []
