"""Presence: who is at work, for which teams, and what goes back when somebody leaves.

Comes in: presence events of reps. Goes out: `Rep` entities, released cases. Never here: offers.
"""

from pipeline.clock import to_ms
from pipeline.route.entities import Case, Rep
from pipeline.route.turn import Turn
from schemas.rep import PresenceChanged, SignedIn, SignedOut


def handle_presence(turn: Turn, event: SignedIn | PresenceChanged | SignedOut) -> None:
    """Applies one presence event, unless the rep has been seen to do something later."""
    known = turn.state.rep(event.workspace, event.rep_id)
    if known is not None and _is_stale(known, event):
        turn.counts.append("stale_presence")
    elif isinstance(event, SignedIn):
        _sign_in(turn, known, event)
    elif known is None or not known.signed_in:
        turn.counts.append("presence_of_absent_rep")
    elif isinstance(event, PresenceChanged):
        turn.state.put_rep(_stamped(known, event)._replace(available=event.presence == "available"))
    else:
        _sign_out(turn, known, event)


def heard_from(turn: Turn, workspace: str, rep_id: str) -> None:
    """The rep acts on offers again: a missed one is forgiven."""
    rep = turn.state.rep(workspace, rep_id)
    if rep is not None and rep.not_responding:
        turn.state.put_rep(rep._replace(not_responding=False))


def missed_offer(turn: Turn, workspace: str, rep_id: str) -> None:
    """The rep let an offer time out: nothing new until the next sign of life (Genesys: "Not Responding")."""
    rep = turn.state.rep(workspace, rep_id)
    if rep is not None:
        turn.state.put_rep(rep._replace(not_responding=True))


def _is_stale(known: Rep, event: SignedIn | PresenceChanged | SignedOut) -> bool:
    if event.seq >= known.presence_seq:
        return False
    # A desktop that was set up anew counts from the start: its first sign-in, made later, is no old news.
    return not (isinstance(event, SignedIn) and to_ms(event.occurred_at) > known.presence_at_ms)


def _stamped(rep: Rep, event: SignedIn | PresenceChanged | SignedOut) -> Rep:
    return rep._replace(not_responding=False, presence_seq=event.seq, presence_at_ms=to_ms(event.occurred_at))


def _sign_in(turn: Turn, known: Rep | None, event: SignedIn) -> None:
    turn.state.put_rep(
        Rep(
            workspace=event.workspace,
            rep_id=event.rep_id,
            teams=tuple(sorted(set(event.teams))),
            skills=frozenset(event.skills),
            capacity=event.capacity,
            signed_in=True,
            available=True,
            not_responding=False,
            presence_seq=event.seq,
            presence_at_ms=to_ms(event.occurred_at),
            last_offer_ms=0 if known is None else known.last_offer_ms,
        )
    )


def _sign_out(turn: Turn, known: Rep, event: SignedOut) -> None:
    turn.state.put_rep(_stamped(known, event)._replace(signed_in=False, available=False))
    keep_answered = turn.book.sign_out_release(event.workspace) == "unanswered"
    for case_id in sorted(turn.state.indexes.held.get((event.workspace, event.rep_id), ())):
        case = turn.state.case(event.workspace, case_id)
        assert case is not None, "only open cases are held"
        if not (keep_answered and _is_answered(case)):
            released = turn.release(case, "signed_out")
            turn.tell(released, "released", "signed_out", rep_id=event.rep_id)


def _is_answered(case: Case) -> bool:
    return case.state == "assigned" and case.replied_at_ms is not None
