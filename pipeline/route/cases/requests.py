"""What reps ask for about a case: accept or reject an offer, report a reply, resolve the case.

A request is only a wish. The router answers each with a case event, and only that answer makes it true:
`_RULES` says which state the case must be in and what a granted request does, and whatever does not fit is
refused with a `request_refused` event that says why. Offers that have expired are the business of `time.timers`,
which has released them before a later request is read.

To add a request and the case event that answers it, touch four files. Declare the rep event in
`schemas/people/rep.py` (and in its union `AnyRepEvent`), and name the case event in `CaseEventType` of
`schemas/cases/case.py`. Then say in `messages` what the router reads of it, add it to `Request` there, and give it
a row of `_RULES` with the function that grants it, which ends in `turn.step`. Ids, dispatch, refusals and
duplicates follow from these. Last, `earshot schemas` writes the exported files anew. A code of refusal of its own
would be a row of `schemas/refusals.py` besides.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pipeline.route import ids, promises
from pipeline.route.messages import CaseResolved, OfferAccepted, OfferRejected, ReplySent, Request
from pipeline.route.state.entities import Case
from pipeline.route.turn import Turn
from schemas.refusals import RequestRefusal


def handle_request(turn: Turn, event: Request) -> None:
    """Grants or refuses one request."""
    # Before anything is refused, because a click that comes too late also shows that somebody is there.
    if isinstance(event, OfferAccepted):
        rep = turn.state.rep(event.workspace, event.rep_id)
        if rep is not None and rep.not_responding:
            turn.state.put_rep(rep.answering())
    case = turn.state.case(event.workspace, event.case_id)
    if case is None:
        refuse_request(turn, event, "unknown_case")
        return
    rule = _RULES[event.type]
    refusal = _refusal(turn, case, event, rule)
    if refusal is None:
        rule.grant(turn, case, event)
    else:
        refuse_request(turn, event, refusal)


def refuse_request(turn: Turn, event: Request, reason: RequestRefusal) -> None:
    """Publishes why a request changes nothing."""
    turn.counts.append(f"request_refused_{reason}")
    case = turn.state.case(event.workspace, event.case_id)
    if case is None and turn.state.closed(event.workspace, event.case_id) is not None:
        turn.counts.append("requests_after_close")
    if case is not None:
        turn.step(case, "request_refused", reason, rep_id=event.rep_id)
        return
    turn.caseless_step(
        ids.request_refusal_id(event.workspace, event.event_id),
        event.workspace,
        event.case_id,
        "request_refused",
        reason,
        rep_id=event.rep_id,
        attempt=event.attempt,
    )


def _refusal(turn: Turn, case: Case, event: Request, rule: "_Rule") -> RequestRefusal | None:
    too_early: RequestRefusal = "not_offered" if rule.state == "offered" else "not_assigned"
    if event.attempt > case.attempt:
        return too_early
    # An earlier attempt is over, and so is this one when it was released and nothing is offered now.
    if event.attempt < case.attempt or case.offer is None:
        return rule.stale
    if case.offer.rep_id != event.rep_id:
        return "wrong_rep"
    if case.state != rule.state:
        return too_early
    if rule.state == "offered" and turn.now_ms > case.offer.expires_at_ms:
        return rule.stale
    return None


def _accept(turn: Turn, case: Case, event: OfferAccepted) -> None:
    offer = case.offer
    assert offer is not None
    case = turn.step(case, "assigned", "accepted", rep_id=event.rep_id, state="assigned")
    turn.publish_assignment(case, offer, "assigned", "accepted")


def _reject(turn: Turn, case: Case, event: OfferRejected) -> None:
    released = turn.release(case, "declined")
    turn.step(released.refused_by(event.rep_id, turn.now_ms), "rejected", event.reason, rep_id=event.rep_id)


def _reply(turn: Turn, case: Case, event: ReplySent) -> None:
    first = case.replied_at_ms is None
    turn.step(
        promises.answered(case),
        "replied",
        "first_reply" if first else "later_reply",
        rep_id=event.rep_id,
        replied_at_ms=turn.now_ms if first else case.replied_at_ms,
    )


def _resolve(turn: Turn, case: Case, event: CaseResolved) -> None:
    assert case.offer is not None
    # The assignment comes first: it carries the brief, which the end of the case deletes.
    turn.publish_assignment(case, case.offer, "closed", "resolved")
    turn.last_step(case, "resolved", event.outcome, event.rep_id)


class _Rule(NamedTuple):
    """What one type of request needs, and what it does."""

    state: Literal["offered", "assigned"]
    """The state in which the case must be, held by the rep who asks."""
    stale: RequestRefusal
    """The code for a request about an attempt that is over."""
    grant: Callable[[Turn, Case, Any], None]


_RULES: dict[str, _Rule] = {
    "offer_accepted": _Rule("offered", "stale_accept", _accept),
    "offer_rejected": _Rule("offered", "stale_reject", _reject),
    "reply_sent": _Rule("assigned", "stale_reply", _reply),
    "case_resolved": _Rule("assigned", "stale_resolve", _resolve),
}
