"""Who is there: signs in and out, presence, heartbeats, missed offers, and what is released for it."""

from schemas.people.presence import Heartbeat, PresenceChanged, SignedIn, SignedOut
from tests.reference.entities import HELD, Rep, Sender
from tests.reference.life import back
from tests.reference.memory import World
from tests.reference.outcomes import GivenUp

Presence = SignedIn | PresenceChanged | SignedOut


def take(world: World, event: Presence) -> None:
    """Obeys an event about presence."""
    rep = world.rep(event.rep_id)
    occurred_ms = round(event.occurred_at.timestamp() * 1000)
    before = None if rep is None else rep.senders.get(event.sender)
    # A lower seq is stale, unless it is a sign-in that occurred later.
    begins_anew = before is not None and isinstance(event, SignedIn) and occurred_ms > before.occurred_ms
    if before is not None and event.seq < before.seq and not begins_anew:
        raise GivenUp("stale_seq")
    # Nobody is there before the first sign-in, and only who is at work goes away or comes back.
    if rep is None and not isinstance(event, SignedIn):
        raise GivenUp("not_signed_in")
    if isinstance(event, PresenceChanged) and (rep is None or not rep.is_in):
        raise GivenUp("not_signed_in")
    if rep is None:
        rep = Rep(event.rep_id)
        world.reps.append(rep)
    was_in = before is not None and before.is_in
    is_in = isinstance(event, SignedIn) or (was_in and not isinstance(event, SignedOut))
    # A desktop that ever had a lease must go on, and whatever it says shows that it is there.
    has_lease = before is not None and before.lease_ms is not None
    lease_ms = world.now_ms + _longest_ms(world) if has_lease else None
    rep.senders[event.sender] = Sender(event.seq, occurred_ms, is_in, lease_ms)
    if isinstance(event, SignedIn):
        _sign_in(world, rep, event)
    elif isinstance(event, PresenceChanged):
        rep.available = event.presence == "available"
        rep.act()
        if not rep.available:
            release(world, rep, world.policy.away_release, "away")
    else:
        # A sign-out without sender ends all of them.
        for sender in rep.senders.values() if event.sender is None else ():
            sender.is_in = False
        if not rep.is_in:
            _leave(world, rep, "signed_out")


def _sign_in(world: World, rep: Rep, event: SignedIn) -> None:
    left = rep.kind
    rep.teams, rep.capacity = event.teams, event.capacity
    rep.levels = {skill: event.skill_levels.get(skill, 1) for skill in event.skills}
    # A kind that nobody is of any more has its picks forgotten, and those since its last turn still count.
    if all(other.kind != left for other in world.reps):
        world.passed_over = max(world.passed_over, world.picks.pop(left, 0) % world.policy.oldest_every)
    rep.available = True
    rep.act()
    # A desktop that names itself takes the place of the nameless one.
    if event.sender is not None and None in rep.senders:
        rep.senders[None].is_in = False


def beat(world: World, event: Heartbeat) -> None:
    """A desktop is still there. It signs nobody in, and says nothing about the rep."""
    rep = world.rep(event.rep_id)
    sender = None if rep is None else rep.senders.get(event.sender)
    if sender is None or not sender.is_in:
        return
    # What lasts for long enough is not written again.
    if sender.lease_ms is None or sender.lease_ms < world.now_ms + 1000 * world.policy.lease.seconds:
        sender.lease_ms = world.now_ms + _longest_ms(world)


def lapse(world: World, rep: Rep, sender: Sender) -> None:
    """A desktop has been silent for as long as its lease."""
    sender.is_in = False
    if not rep.is_in:
        _leave(world, rep, "lease_over")


def _longest_ms(world: World) -> int:
    """A lease may last for a third longer, so that not every heartbeat has to be written down."""
    return 4000 * world.policy.lease.seconds // 3


def _leave(world: World, rep: Rep, reason: str) -> None:
    for case in list(world.of_rep(rep)):
        if case.state == "wrapping":
            from tests.reference.work import wrapped_up

            wrapped_up(world, case, reason)
    release(world, rep, world.policy.sign_out_release, reason)


def missed(world: World, rep: Rep) -> None:
    """The rep let an offer time out, and after as many in a row as the policy says counts as silent."""
    rep.missed += 1
    if rep.missed >= world.policy.missed_offers and not rep.is_silent:
        rep.is_silent = True
        release(world, rep, world.policy.silent_release, "not_responding")


def release(world: World, rep: Rep, which: str, reason: str) -> None:
    """Gives back the rep's offers, and the cases that are owed an answer or all of them."""
    for case in list(world.of_rep(rep)):
        goes = which == "all" or (which == "unanswered" and (case.state == "offered" or case.owed))
        if goes and case.state in ("offered", *HELD):
            back(world, case, "released", reason)
