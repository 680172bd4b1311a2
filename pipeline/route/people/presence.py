"""Presence: who is at work, for which teams, and which cases go back when somebody leaves.

Presence belongs to the person, and the order of events to the desktop. A rep is at work while signed in at one
desktop at least. What was last said about teams, skills, capacity and being away holds wherever it was said. `seq`
orders the events of one sender only, so that two desktops of one rep never make each other stale. Offers are not
made here: `matching` makes them once the rep is stored.
"""

from collections.abc import Callable

from pipeline.errors import Permanent
from pipeline.route.cases.handover import give_up_cases
from pipeline.route.fairness.bound import bounded
from pipeline.route.messages import Heartbeat, Presence, SignedIn, SignedOut
from pipeline.route.policies import Gone
from pipeline.route.skills import skill_word
from pipeline.route.state.entities import Rep, Sender
from pipeline.route.turn import Turn

MAX_SENDERS = 8
"""Desktops that are remembered of one rep, so that a desktop which names itself anew each time costs a bounded
amount. The one that was heard of longest ago is forgotten, and before it any that has signed out."""
LATE_MS = 10_000
"""A lease that ends so late has ended while the broker or the router was away, when no heartbeat could arrive. Who
was away for longer may have missed a heartbeat."""


def handle_presence(turn: Turn, event: Presence) -> None:
    """Applies one presence event.

    Raises:
        Permanent: `stale_seq` when the same sender has said something later, `not_signed_in` when the rep who
            comes or goes is not at work.
    """
    rep = turn.state.rep(event.workspace, event.rep_id)
    if rep is not None:
        _check_order(rep, event)
    if isinstance(event, SignedIn):
        _sign_in(turn, rep, event)
    elif rep is None:
        raise _not_signed_in()
    elif isinstance(event, SignedOut):
        _sign_out(turn, rep, event)
    elif rep.signed_in:
        available = event.presence == "available"
        turn.state.put_rep(_with_event(turn, rep, event).answering()._replace(available=available))
        if not available:
            give_up_cases(turn, event.workspace, event.rep_id, "away")
    else:
        raise _not_signed_in()


def _not_signed_in() -> Permanent:
    return Permanent("not_signed_in", "the rep is not signed in, so the event changes nothing", "rep_id")


def _check_order(rep: Rep, event: Presence) -> None:
    last = _sender(rep, event)
    if last is None or event.seq >= last.seq:
        return
    # A desktop that was set up anew counts from the start. Without this its rep
    # could not sign in there until the new count had passed the old one.
    if isinstance(event, SignedIn) and event.own_ms > last.at_ms:
        return
    raise Permanent(
        "stale_seq", f"the sender's last presence event had seq {last.seq}, this one {event.seq}", "seq"
    )


def _sender(rep: Rep, event: Presence | Heartbeat) -> Sender | None:
    """Returns the desktop that the event is from, as it was known before."""
    return next((sender for sender in rep.senders if sender.name == (event.sender or "")), None)


def _with_event(turn: Turn, rep: Rep, event: Presence) -> Rep:
    """Returns the rep with the event as the newest of its sender."""
    name, before = event.sender or "", _sender(rep, event)
    is_in = isinstance(event, SignedIn) or (before is not None and before.signed_in)
    signed_in = is_in and not isinstance(event, SignedOut)
    # Whoever has sent heartbeats goes on sending them, and may fall silent before the first of a new day.
    leased = before is not None and before.lease_until_ms is not None
    newest = Sender(name, event.seq, event.own_ms, signed_in, _lease_until_ms(turn, event) if leased else None)
    others = [sender for sender in rep.senders if sender.name != name]
    if len(others) == MAX_SENDERS:
        others.remove(min(others, key=lambda sender: (sender.signed_in, sender.at_ms, sender.name)))
    return rep._replace(senders=tuple(sorted([*others, newest])))


def _sign_in(turn: Turn, before: Rep | None, event: SignedIn) -> None:
    rep = Rep(
        workspace=event.workspace,
        rep_id=event.rep_id,
        teams=tuple(sorted(set(event.teams))),
        skills=tuple(sorted({skill_word(name, event.skill_levels.get(name, 1)) for name in event.skills})),
        capacity=event.capacity,
        signed_in=True,
        available=True,
        not_responding=False,
        senders=() if before is None else before.senders,
        last_offer_ms=0 if before is None else before.last_offer_ms,
        offers=() if before is None else before.offers,
        turns=() if before is None else before.turns,
    )
    rep = bounded(rep, turn.now_ms, turn.book.offers_per_hour(rep.workspace))
    rep = _with_event(turn, rep, event)
    if event.sender is not None:
        # The desktop has learnt to name itself, or another is in use now. Nobody would ever sign the nameless one
        # out, and the rep would count as present for ever.
        rep = _signed_out_at(rep, lambda sender: sender.name == "")
    turn.state.put_rep(rep)
    if before is not None and (before.teams, before.skills) != (rep.teams, rep.skills):
        turn.forget_picks(before)


def _signed_out_at(rep: Rep, those: Callable[[Sender], bool]) -> Rep:
    senders = (sender._replace(signed_in=sender.signed_in and not those(sender)) for sender in rep.senders)
    return rep._replace(senders=tuple(senders))


def _sign_out(turn: Turn, before: Rep, event: SignedOut) -> None:
    rep = _with_event(turn, before, event)
    if event.sender is None:
        # Said of the person and not of one desktop, so it also ends what a crashed desktop never signed out.
        rep = _signed_out_at(rep, lambda _: True)
    if any(sender.signed_in for sender in rep.senders):
        turn.state.put_rep(rep)
        return
    _leave(turn, rep, "signed_out")


def _leave(turn: Turn, rep: Rep, gone: Gone) -> None:
    turn.state.put_rep(rep._replace(signed_in=False, available=False, left_ms=turn.now_ms))
    give_up_cases(turn, rep.workspace, rep.rep_id, gone)


def count_offers(turn: Turn, rep: Rep) -> None:
    """Lets a rep be offered cases again whose offers have left the hour."""
    turn.state.put_rep(bounded(rep, turn.now_ms, turn.book.offers_per_hour(rep.workspace)))


def follow_bound(turn: Turn, workspace: str) -> None:
    """Counts the offers of all reps anew, because a policy allows another number of them."""
    for _, rep in sorted(turn.state.workspaces[workspace].reps.items()):
        count_offers(turn, rep)


def renew_lease(turn: Turn, event: Heartbeat) -> None:
    """Notes that a desktop which is signed in is still there. It says nothing about the rep."""
    rep = turn.state.rep(event.workspace, event.rep_id)
    sender = None if rep is None else _sender(rep, event)
    if rep is None or sender is None or not sender.signed_in:
        return
    until_ms = sender.lease_until_ms
    if until_ms is None or until_ms < turn.now_ms + turn.book.lease_ms(event.workspace):
        renewed = sender._replace(lease_until_ms=_lease_until_ms(turn, event))
        senders = tuple(renewed if each is sender else each for each in rep.senders)
        turn.state.put_rep(rep._replace(senders=senders))


def end_leases(turn: Turn, rep: Rep) -> None:
    """Signs the rep out at each desktop whose lease is over, or begins it anew where the router could not know."""
    due_ms = rep.due_ms
    assert due_ms is not None, "it is due"
    if not turn.live or turn.now_ms - due_ms > LATE_MS:
        turn.state.put_rep(_leased_anew(turn, rep))
        return
    rep = _signed_out_at(rep, lambda each: each.lease_until_ms is not None and each.lease_until_ms <= turn.now_ms)
    if any(sender.signed_in for sender in rep.senders):
        turn.state.put_rep(rep)
    else:
        _leave(turn, rep, "lease_over")


def come_back(turn: Turn) -> None:
    """Begins all leases anew where the router was away from its live edge for so long that heartbeats may be lost.

    This walks over the reps, which happens once after an outage.
    """
    away, state = turn.state.away, turn.state
    state.put_away(None)
    if away is None or turn.now_ms - away.since_ms <= LATE_MS:
        return
    for name in sorted(state.workspaces):
        reps = state.workspaces[name].reps
        for rep_id in sorted(reps):
            rep = reps[rep_id]
            if rep.left_ms is None:
                state.put_rep(_leased_anew(turn, rep))


def without_leases(rep: Rep) -> Rep:
    """Returns the rep with desktops that count as present until they sign out, or send another heartbeat."""
    return rep._replace(senders=tuple(sender._replace(lease_until_ms=None) for sender in rep.senders))


def _leased_anew(turn: Turn, rep: Rep) -> Rep:
    until_ms = turn.now_ms + _granted_ms(turn, rep.workspace)
    leased = (
        each if each.lease_until_ms is None else each._replace(lease_until_ms=until_ms) for each in rep.senders
    )
    return rep._replace(senders=tuple(leased))


def _lease_until_ms(turn: Turn, event: Presence | Heartbeat) -> int:
    return turn.now_ms + _granted_ms(turn, event.workspace)


def _granted_ms(turn: Turn, workspace: str) -> int:
    # A third more than the policy says, so that not every heartbeat needs an entry in the changelog. What is not
    # written must not count, or a router that was restored would decide otherwise than the one that went on.
    return turn.book.lease_ms(workspace) * 4 // 3
