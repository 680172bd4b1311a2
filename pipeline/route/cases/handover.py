"""What a rep does with a case besides answering it: hold it, wait, ask somebody, hand it on, or leave it.

A rep leaves cases by being signed out, away, or silent after missed offers. The policy says which go back at once.
One that stays goes back when its customer writes again, so that nobody writes to somebody who does not read it.
"""

from typing import Literal

from pipeline.route.cases import ending
from pipeline.route.cases.lifecycle import AT_WORK, after
from pipeline.route.limits import silence
from pipeline.route.messages import (
    CaseHeld,
    CaseResumed,
    CaseTransferred,
    ConsultEnded,
    ConsultStarted,
    CustomerAwaited,
)
from pipeline.route.policies import Gone
from pipeline.route.state.entities import Case, Offer, Rep
from pipeline.route.turn import Turn
from schemas.policy.queues import Queue
from schemas.refusals import RequestRefusal

MOST_CONSULTED = 20
"""An assignment names so many reps who are asked for advice."""


def hold(turn: Turn, case: Case, event: CaseHeld) -> None:
    """Lets the rep wait for something else than the customer."""
    held = case._replace(state=after("held", case.state)).timed(until_ms=event.until_ms)
    if case.state == "awaiting" and case.owed_ms is not None:
        # Nobody had to answer until now, so that it is not late at once.
        held = silence.taken(turn.book, held, turn.now_ms)
    turn.publish_update(turn.step(held, "held", "by_rep", rep_id=event.rep_id), "held")


def await_customer(turn: Turn, case: Case, event: CustomerAwaited) -> None:
    """Lets the rep wait for the customer."""
    awaiting = case._replace(state=after("awaited", case.state)).timed(until_ms=None)
    if case.state == "held" and case.owed_ms is None:
        # No silence counted during the hold, so that none is over at once.
        awaiting = silence.taken(turn.book, awaiting, turn.now_ms)
    turn.publish_update(turn.step(awaiting, "awaiting", "by_rep", rep_id=event.rep_id), "awaiting")


def go_on(turn: Turn, case: Case, event: CaseResumed) -> None:  # noqa: ARG001 # all grants are called alike
    """Lets the rep go on."""
    resume(turn, case, "by_rep")


def resume(turn: Turn, case: Case, reason: str) -> None:
    """Ends a hold, or the wait for the customer."""
    assert case.offer is not None, "somebody has it"
    resumed = case._replace(state=after("resumed", case.state)).timed(until_ms=None)
    if case.owed_ms is None or case.state == "awaiting":
        # What was held for a week is not idle at once, and what nobody had to answer is not late at once. What
        # the contact is owed counts on during a hold.
        resumed = silence.taken(turn.book, resumed, turn.now_ms)
    turn.publish_update(turn.step(resumed, "resumed", reason, rep_id=case.offer.rep_id), "resumed")


def consult(turn: Turn, case: Case, event: ConsultStarted) -> RequestRefusal | None:
    """Lets another rep see the case, or returns why not."""
    rep = turn.state.rep(case.workspace, event.with_rep)
    if rep is None or not rep.signed_in:
        return "unknown_rep"
    if len(case.extras.consulted) == MOST_CONSULTED:
        return "rep_not_free"
    consulted = tuple(sorted({*case.extras.consulted, event.with_rep}))
    step = turn.step(case._replace(consulted=consulted), "consult_started", "by_rep", rep_id=event.with_rep)
    turn.publish_update(step, "consult_started")
    return None


def end_consult(turn: Turn, case: Case, event: ConsultEnded) -> None:
    """Lets the other rep see the case no longer."""
    consulted = tuple(rep_id for rep_id in case.extras.consulted if rep_id != event.with_rep)
    step = turn.step(case._replace(consulted=consulted), "consult_ended", "by_rep", rep_id=event.with_rep)
    turn.publish_update(step, "consult_ended")


def transfer(turn: Turn, case: Case, event: CaseTransferred) -> RequestRefusal | None:
    """Hands the case on, or returns why not."""
    if event.to_rep is not None:
        return _to_rep(turn, case, event, event.to_rep)
    queue = _queue(turn, case, event)
    if queue is None:
        return "unknown_queue"
    given = turn.release(case, "transferred").let_go()
    # Whoever hands it on within the team does not get it back at once.
    given = given._replace(
        queue=queue.name, team=queue.team, refused=(), entered_ms=turn.now_ms, ring=0, from_rep=event.rep_id
    )
    given = given.refused_by(event.rep_id, turn.book.kept_away_ms(given, turn.now_ms))
    turn.step(given, "transferred", event.reason, rep_id=event.rep_id)
    return None


def _queue(turn: Turn, case: Case, event: CaseTransferred) -> Queue | None:
    view = turn.book.view(case.workspace)
    if view is None:
        return None
    if event.to_queue is not None:
        return view.queues.get(event.to_queue)
    return next((queue for queue in view.policy.queues if queue.team == event.to_team), None)


def _to_rep(turn: Turn, case: Case, event: CaseTransferred, to_rep: str) -> RequestRefusal | None:
    rep = turn.state.rep(case.workspace, to_rep)
    if rep is None or not rep.present:
        return "unknown_rep"
    # Behind the live edge an offer may be over before anybody sees it.
    may_offer = turn.live and rep.bound_ms is None
    if to_rep == event.rep_id or not _has_room(turn, case, to_rep) or (event.warm and not may_offer):
        return "rep_not_free"
    given = turn.release(case, "transferred").let_go()._replace(from_rep=event.rep_id)
    waiting = turn.step(given, "transferred", event.reason, rep_id=event.rep_id)
    if event.warm:
        _offer(turn, waiting, to_rep, "transferred")
    else:
        give(turn, waiting, to_rep, "transferred")
    return None


def offer_back(turn: Turn, case: Case) -> None:
    """Offers a case that was reopened to the rep who had it last, who must be there and free to take it."""
    rep_id = case.extras.former_rep
    if rep_id is None or case.state != "waiting" or not turn.live:
        return
    workspace = turn.state.workspaces[case.workspace]
    place, demand = workspace.staff.place(rep_id), workspace.classes.demand_of(case)
    if place is None or place.reps not in demand.takers or not demand.has_room(place.reps):
        return
    if demand.order in place.free:
        _offer(turn, case, rep_id, "same_rep")


def come_back(turn: Turn, case: Case, offered: Case, reason: str) -> Case:
    """Gives a waiting case back to the rep who meant to hand it over to somebody who did not take it.

    Args:
        turn: that of the step before.
        case: the case, which waits.
        offered: the case before that step. Only an offer to a rep whom the other one named comes back.
        reason: the code that says why.

    Returns:
        The case as it is stored.
    """
    offer, from_rep = offered.offer, case.extras.from_rep
    if offered.state != "offered" or offer is None or from_rep is None or offer.why[0][0] != "route.transferred":
        return case
    rep = turn.state.rep(case.workspace, from_rep)
    if rep is None or not rep.present or not _has_room(turn, case, from_rep):
        return case
    return give(turn, case._replace(from_rep=None), from_rep, reason)


def give(turn: Turn, case: Case, rep_id: str, reason: str, why: Literal["given", "picked"] = "given") -> Case:
    """Assigns a waiting case to a rep who is not asked, and returns it as it is stored."""
    offer = _direct(turn, case, rep_id, "picked" if why == "picked" else "transferred")
    case = case._replace(state=after(why, case.state), attempt=case.attempt + 1, offer=offer)
    case = silence.taken(turn.book, case, turn.now_ms)
    case = turn.step(case, "assigned", reason, rep_id=rep_id)
    turn.publish_assignment(case, offer, "assigned", reason)
    return case


def pick(turn: Turn, case: Case, rep_id: str) -> RequestRefusal | None:
    """Assigns a waiting case of a pull queue to the rep who asks for it, or returns why not."""
    workspace = turn.state.workspaces[case.workspace]
    demand = workspace.classes.demand_of(case)
    if case.state != "waiting" or not demand.terms.pull or not demand.terms.teams:
        return "not_waiting"
    place = workspace.staff.place(rep_id)
    if place is None or place.reps is None or place.rep is None or not place.rep.present:
        return "unknown_rep"
    if not demand.fits(place.reps):
        return "unskilled"
    if not _has_room(turn, case, rep_id) or not demand.has_room(place.reps):
        return "rep_not_free"
    give(turn, case._replace(refused=(), from_rep=None), rep_id, "picked", "picked")
    return None


def _offer(turn: Turn, case: Case, rep_id: str, reason: str) -> None:
    offer = _direct(turn, case, rep_id, reason)
    case = case._replace(state=after("offered", case.state), attempt=case.attempt + 1, offer=offer)
    case = turn.step(case, "offered", reason, rep_id=rep_id)
    rep = turn.state.rep(case.workspace, rep_id)
    if rep is not None:
        turn.note_offer(rep, case.queue)
    turn.publish_assignment(case, offer, "offered", reason)


_WHY = {
    "transferred": "{former} hands it on",
    "same_rep": "{former} had it before",
    "picked": "{rep} picks it by hand",
}


def _direct(turn: Turn, case: Case, rep_id: str, reason: str) -> Offer:
    """Returns the offer of a case for which nobody else was looked for."""
    classes = turn.state.workspaces[case.workspace].classes
    present = classes.pool(classes.demand_of(case).terms.teams).present
    return Offer(
        rep_id=rep_id,
        expires_at_ms=turn.now_ms + turn.book.offer_timeout_ms(case.workspace, case.queue),
        eligible=1,
        # A rep to whom it is handed may be of none of these teams.
        present=max(1, present),
        excluded=(),
        why=((f"route.{reason}", _WHY[reason].format(former=case.extras.former_rep, rep=rep_id)),),
        also_team=_also_team(turn, case, rep_id),
    )


def _also_team(turn: Turn, case: Case, rep_id: str) -> str | None:
    """Returns a team of the rep's own where that of the case is none of them."""
    rep, view = turn.state.rep(case.workspace, rep_id), turn.book.view(case.workspace)
    if rep is None or view is None or case.team in rep.teams:
        return None
    workspace = turn.state.workspaces[case.workspace]
    place = workspace.staff.place(rep_id)
    if place is not None and place.reps is not None:
        team = workspace.classes.demand_of(case).team_of(place.reps)
        if team is not None:
            return team
    # Only teams of the policy have a topic.
    return next((team for team in rep.teams if team in view.policy.teams), None)


def take_back(turn: Turn, case: Case) -> None:
    """Takes a case from a rep who has not answered it in time. It goes first, and to somebody else if it can."""
    assert case.offer is not None, "somebody has it"
    rep_id, reason = case.offer.rep_id, "no_reply" if case.replied_at_ms is None else "no_follow_up"
    kept_away_ms = turn.book.kept_away_ms(case, turn.now_ms, timed_out=False)
    released = turn.release(case, reason).refused_by(rep_id, kept_away_ms).timed(front_ms=turn.now_ms).let_go()
    turn.step(released, "released", reason, rep_id=rep_id)


def give_up_cases(turn: Turn, workspace: str, rep_id: str, gone: Gone) -> None:
    """Takes from a rep who is gone what the policy says: open offers, and all accepted cases or the unanswered."""
    which = turn.book.releases(workspace, gone)
    # Listed before the first release, which takes the case out of the set that is walked here.
    for case_id in turn.state.indexes.held(workspace, rep_id) if which != "none" else ():
        case = turn.state.case(workspace, case_id)
        assert case is not None, "only open cases are held"
        if case.state == "wrapping":
            # Somebody who is away for a moment still has the paperwork to do, which ends by its time.
            if gone in ("signed_out", "lease_over"):
                ending.wrap_up(turn, case, gone)
        elif which == "all" or not _is_answered(case):
            _leave(turn, case, rep_id, gone)


def leave_absent(turn: Turn, case: Case) -> Case:
    """Takes a case to which something is owed from a rep who is gone, and returns it as it is stored."""
    if case.offer is None or case.owed_ms is None:
        return case
    rep = turn.state.rep(case.workspace, case.offer.rep_id)
    if rep is not None and rep.present:
        return case
    gone = _why_gone(rep)
    if gone == "away" and turn.book.releases(case.workspace, gone) == "none":
        return case
    return _leave(turn, case, case.offer.rep_id, gone)


def _why_gone(rep: Rep | None) -> Gone:
    # Whoever signed out long ago is forgotten, and may still have answered cases.
    if rep is None or not rep.signed_in:
        return "signed_out"
    return "not_responding" if rep.not_responding else "away"


def _leave(turn: Turn, case: Case, rep_id: str, gone: Gone) -> Case:
    waiting = turn.step(turn.release(case, gone), "released", gone, rep_id=rep_id)
    return come_back(turn, waiting, case, gone)


def _is_answered(case: Case) -> bool:
    return case.state in AT_WORK and case.owed_ms is None


def _has_room(turn: Turn, case: Case, rep_id: str) -> bool:
    case = turn.book.weighed(case._replace(offer=None))
    staff = turn.state.workspaces[case.workspace].staff
    return staff.could_take(rep_id, case)
