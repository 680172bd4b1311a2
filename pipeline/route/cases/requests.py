"""What reps ask for about a case: accept, reject, reply sent, resolve. Only the router's answer makes it true.

Comes in: rep events that name (case_id, attempt). Goes out: changes of the case, or `request_refused` with why.
Never here: timers; an offer that has expired has already been released when a later request is read.
"""

from pipeline.route.cases import ids
from pipeline.route.people.presence import heard_from
from pipeline.route.state.entities import Case
from pipeline.route.turn import Turn
from schemas.people.rep import CaseResolved, OfferAccepted, OfferRejected, ReplySent
from schemas.refusals import RequestRefusal

Request = OfferAccepted | OfferRejected | ReplySent | CaseResolved

_STALE: dict[str, RequestRefusal] = {
    "offer_accepted": "stale_accept",
    "offer_rejected": "stale_reject",
    "reply_sent": "stale_reply",
    "case_resolved": "stale_resolve",
}


def handle_request(turn: Turn, event: Request) -> None:
    """Grants or refuses one request."""
    case = turn.state.case(event.workspace, event.case_id)
    # Even a late click shows that somebody is there.
    if isinstance(event, OfferAccepted):
        heard_from(turn, event.workspace, event.rep_id)
    if case is None:
        refuse_request(turn, event, "unknown_case")
        return
    refusal = _refusal(turn, case, event)
    if refusal is not None:
        refuse_request(turn, event, refusal)
    elif isinstance(event, OfferAccepted):
        _accept(turn, case, event)
    elif isinstance(event, OfferRejected):
        _reject(turn, case, event)
    elif isinstance(event, ReplySent):
        _reply(turn, case, event)
    else:
        _resolve(turn, case, event)


def refuse_request(turn: Turn, event: Request, reason: RequestRefusal) -> None:
    """Tells why a request changes nothing."""
    turn.counts.append(f"request_refused_{reason}")
    case = turn.state.case(event.workspace, event.case_id)
    if case is not None:
        turn.tell(case, "request_refused", reason, rep_id=event.rep_id)
        return
    turn.tell_caseless(
        ids.request_refusal_id(event.workspace, event.event_id),
        event.workspace,
        event.case_id,
        "request_refused",
        reason,
        rep_id=event.rep_id,
        attempt=event.attempt,
    )


def _refusal(turn: Turn, case: Case, event: Request) -> RequestRefusal | None:
    wanted = "offered" if isinstance(event, OfferAccepted | OfferRejected) else "assigned"
    too_early: RequestRefusal = "not_offered" if wanted == "offered" else "not_assigned"
    if event.attempt > case.attempt:
        return too_early
    # An earlier attempt, or this one after it was released.
    if event.attempt < case.attempt or case.offer is None:
        return _STALE[event.type]
    if case.offer.rep_id != event.rep_id:
        return "wrong_rep"
    if case.state != wanted:
        return too_early
    if wanted == "offered" and turn.now_ms > case.offer.expires_at_ms:
        return _STALE[event.type]
    return None


def _accept(turn: Turn, case: Case, event: OfferAccepted) -> None:
    offer = case.offer
    assert offer is not None
    case = turn.tell(case._replace(state="assigned"), "assigned", "accepted", rep_id=event.rep_id)
    turn.publish(case, offer, "assigned", "accepted")


def _reject(turn: Turn, case: Case, event: OfferRejected) -> None:
    released = turn.release(case, "declined")
    turn.tell(with_refusal(released, event.rep_id), "rejected", event.reason, rep_id=event.rep_id)


def with_refusal(case: Case, rep_id: str) -> Case:
    """The case, not to be offered to that rep again before everybody has refused it."""
    return case._replace(refused=tuple(sorted({*case.refused, rep_id})))


def _reply(turn: Turn, case: Case, event: ReplySent) -> None:
    first = case.replied_at_ms is None
    case = case._replace(replied_at_ms=turn.now_ms if first else case.replied_at_ms)
    turn.tell(case, "replied", "first_reply" if first else "later_reply", rep_id=event.rep_id)


def _resolve(turn: Turn, case: Case, event: CaseResolved) -> None:
    assert case.offer is not None
    turn.publish(case, case.offer, "closed", "resolved")
    turn.end(turn.tell(case, "resolved", event.outcome, rep_id=event.rep_id))
