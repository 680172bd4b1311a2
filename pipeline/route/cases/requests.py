"""What reps and supervisors ask for about a case, from the accept of an offer to a merge.

A request is only a wish. The router answers each with a case event, and only that answer makes it true:
`_RULES` says in which states a request about an offer is granted and what it does then, and whatever does not fit
is refused with a `request_refused` event that says why. `_SUPERVISION` has those that ask nobody's leave. Offers
that have expired are the business of `time.timers`, which has released them before a later request is read.

To add a request and the case event that answers it, touch five files. Declare the rep event in
`schemas/people/casework.py` (and in the union `AnyRepEvent` of `rep.py`), and name the case event in
`CaseEventType` of `schemas/cases/case.py`. Then say in `messages` what the router reads of it, add it to `Request`
there, give it a row of `lifecycle` if it changes the state, and a row of `_RULES` with the function that grants
it. Ids, dispatch, refusals and duplicates follow from these. Last, `earshot schemas` writes the exported files
anew. A code of refusal of its own would be a row of `schemas/refusals.py` besides.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

from pipeline.route import ids
from pipeline.route.cases import answers, ending, handover, supervision
from pipeline.route.cases.lifecycle import AT_WORK, BY_TRIGGER, WITH_A_REP, State, after
from pipeline.route.limits import silence
from pipeline.route.messages import (
    CasePicked,
    CaseResolved,
    ContactNoted,
    OfferAccepted,
    OfferRejected,
    ReplySent,
    Request,
    Supervision,
    WrappedUp,
)
from pipeline.route.state.entities import Case
from pipeline.route.turn import Turn
from schemas.refusals import RequestRefusal

_ABOUT_AN_OFFER = get_args(Request)
_UNNAMED = "unknown"
"""The id under which a request is refused that names no case."""


def handle_request(turn: Turn, event: Request) -> None:
    """Grants or refuses one request about an offer."""
    _sign_of_life(turn, event)
    case = turn.state.case(event.workspace, event.case_id)
    if case is None:
        closed = turn.state.closed(event.workspace, event.case_id)
        refuse_request(turn, event, "unknown_case" if closed is None or closed.into is None else "merged")
        return
    rule = _RULES[event.type]
    refusal = _refusal(turn, case, event, rule)
    if refusal is None:
        refusal = rule.grant(turn, case, event)
    if refusal is not None:
        refuse_request(turn, event, refusal)


def handle_supervision(turn: Turn, event: Supervision) -> None:
    """Grants or refuses what is asked for about a case, whoever has it."""
    refusal: RequestRefusal | None
    if isinstance(event, ContactNoted):
        refusal = supervision.note(turn, event)
    elif isinstance(event, CasePicked):
        _sign_of_life(turn, event)
        case = supervision.current(turn, event.workspace, event.case_id)
        refusal = "unknown_case" if case is None else handover.pick(turn, case, event.rep_id)
    else:
        case = supervision.current(turn, event.workspace, event.case_id)
        refusal = "unknown_case" if case is None else _SUPERVISION[event.type](turn, case, event)
    if refusal is not None:
        refuse_request(turn, event, refusal)


def _sign_of_life(turn: Turn, event: Request | CasePicked) -> None:
    # Before anything is refused, because a click that comes too late also shows that somebody is there.
    rep = turn.state.rep(event.workspace, event.rep_id)
    if rep is not None and rep.missed:
        turn.state.put_rep(rep.answering())


def refuse_request(turn: Turn, event: Request | Supervision, reason: RequestRefusal) -> None:
    """Publishes why a request changes nothing."""
    turn.counts.append(f"request_refused_{reason}")
    case_id = event.case_id or _UNNAMED
    case = turn.state.case(event.workspace, case_id)
    if case is not None:
        turn.step(case, "request_refused", reason, rep_id=event.rep_id)
        return
    more: dict[str, str | int] = {}
    if isinstance(event, _ABOUT_AN_OFFER):
        more["attempt"] = event.attempt
    closed = turn.state.closed(event.workspace, case_id)
    if closed is not None:
        turn.counts.append("requests_after_close")
        if closed.into is not None:
            more["related_case"] = closed.into
    turn.caseless_step(
        ids.request_refusal_id(event.workspace, event.event_id),
        event.workspace,
        case_id,
        "request_refused",
        reason,
        rep_id=event.rep_id,
        **more,
    )


def _refusal(turn: Turn, case: Case, event: Request, rule: "_Rule") -> RequestRefusal | None:
    needs_offer = "offered" in rule.before
    too_early: RequestRefusal = "not_offered" if needs_offer else "not_assigned"
    if event.attempt > case.attempt:
        return too_early
    # An earlier attempt is over, and so is this one when it was released and nothing is offered now.
    if event.attempt < case.attempt or case.offer is None:
        return rule.stale
    if case.offer.rep_id != event.rep_id:
        return "wrong_rep"
    if case.state not in rule.before:
        return too_early
    if needs_offer and turn.now_ms > case.offer.expires_at_ms:
        return rule.stale
    return None


def _accept(turn: Turn, case: Case, event: OfferAccepted) -> None:
    offer = case.offer
    assert offer is not None
    state = after("accepted", case.state)
    case = silence.taken(turn.book, case, turn.now_ms)
    case = turn.step(case, "assigned", "accepted", rep_id=event.rep_id, state=state, update=0)
    turn.publish_assignment(case, offer, "assigned", "accepted")


def _reject(turn: Turn, case: Case, event: OfferRejected) -> None:
    released = turn.release(case, "declined")
    released = released.refused_by(event.rep_id, turn.book.kept_away_ms(case, turn.now_ms))
    waiting = turn.step(released, "rejected", event.reason, rep_id=event.rep_id)
    handover.come_back(turn, waiting, case, "declined")


def _reply(turn: Turn, case: Case, event: ReplySent) -> None:
    answers.give_by_report(turn, case, event.channel, event.rep_id)


def _resolve(turn: Turn, case: Case, event: CaseResolved) -> None:
    ending.resolve(turn, case, event.outcome)


def _wrap_up(turn: Turn, case: Case, event: WrappedUp) -> None:  # noqa: ARG001 # all grants are called alike
    ending.wrap_up(turn, case, "by_rep")


class _Rule(NamedTuple):
    """What one type of request needs, and what it does."""

    before: frozenset[State]
    """The states in which the case may be, with the rep who asks."""
    stale: RequestRefusal
    """The code for a request about an attempt that is over."""
    grant: Callable[[Turn, Case, Any], RequestRefusal | None]
    """Does it, or returns why it cannot be done after all."""


_RULES: dict[str, _Rule] = {
    "offer_accepted": _Rule(BY_TRIGGER["accepted"].before, "stale_accept", _accept),
    "offer_rejected": _Rule(BY_TRIGGER["rejected"].before, "stale_reject", _reject),
    "reply_sent": _Rule(WITH_A_REP - {"offered"}, "stale_reply", _reply),
    "case_resolved": _Rule(BY_TRIGGER["resolved"].before, "stale_resolve", _resolve),
    "wrapped_up": _Rule(BY_TRIGGER["wrapped_up"].before, "stale_request", _wrap_up),
    "case_transferred": _Rule(BY_TRIGGER["transferred"].before, "stale_request", handover.transfer),
    "consult_started": _Rule(AT_WORK, "stale_request", handover.consult),
    "consult_ended": _Rule(AT_WORK, "stale_request", handover.end_consult),
    "case_held": _Rule(BY_TRIGGER["held"].before, "stale_request", handover.hold),
    "customer_awaited": _Rule(BY_TRIGGER["awaited"].before, "stale_request", handover.await_customer),
    "case_resumed": _Rule(BY_TRIGGER["resumed"].before, "stale_request", handover.go_on),
}
_SUPERVISION: dict[str, Callable[[Turn, Case, Any], RequestRefusal | None]] = {
    "cases_merged": supervision.merge,
    "case_split": supervision.split,
    "case_reprioritised": supervision.reprioritise,
    "case_closed_by": supervision.close,
}
