"""Steps from one state of a case to another, which several rules take."""

from dataclasses import replace

from schemas.policy.queues import Queue
from tests.reference import needs, sticky
from tests.reference.clocks import terms
from tests.reference.entities import TAKEN, Case, Post, keep
from tests.reference.memory import World, pressing, promise

SAME_ANSWER_MS = 600_000


def back(
    world: World, case: Case, what: str, reason: str, shown: str | None = None, to: Queue | None = None
) -> None:
    """The case waits again, at its old age and in its queue as the policy has it now, or in another queue."""
    rep_id, asked = case.rep_id, case.asked
    case.hold_until_ms, case.updates = None, 0
    world.show(case, "released", shown or reason)
    case.state, case.burden = "waiting", None
    if what == "transferred" or (case.wanted_until_ms is not None and case.wanted_until_ms <= world.now_ms):
        sticky.end(case)
    case.consulted.clear()
    if to is not None:
        enter(world, case, to)
        case.ring, case.entered_ms = 0, world.now_ms
        # Whoever hands it on does not get it back at once, and others may take it again.
        case.refused = {} if rep_id is None else {rep_id: world.kept_away_ms(case)}
    resume(world, case)
    world.say(what, case, reason, rep_id=rep_id)
    case.rep_id = case.asked = None
    if asked is not None:
        come_back(world, case, reason)
    # One that goes straight to a rep does not wait, and stays where it is.
    if case.state == "waiting" and not (what == "transferred" and to is None):
        settle(world, case)


def come_back(world: World, case: Case, reason: str) -> None:
    """A case that was not accepted comes back to the rep who meant to give it away, who must be there for it."""
    giver = world.rep(case.from_rep)
    if giver is not None and world.answers(giver) and world.has_room(giver, case):
        case.from_rep = None
        give(world, case, giver.rep_id, reason)


def give(world: World, case: Case, rep_id: str, reason: str) -> None:
    """A rep has the case without being asked."""
    rep = world.rep(rep_id)
    case.lent_by = None if rep is None else needs.team_of(world, case, rep)
    case.burden = world.weight(case), world.is_light(case)
    case.state, case.rep_id, case.updates, case.former = "assigned", rep_id, 0, rep_id
    case.attempt += 1
    case.expires_ms = world.now_ms + 1000 * world.own_queue(case).offer_timeout_s
    case.taken_ms = case.front_ms = None
    world.begin_work(case)
    world.say("assigned", case, reason, rep_id=rep_id)
    world.show(case, "assigned", reason)


def close(world: World, case: Case, what: str, reason: str, shown: str, related: str | None = None) -> None:
    """The case is over. Its clocks stop."""
    rep_id, before = case.rep_id, case.state
    case.state, case.closed_ms, case.outcome = "closed", world.now_ms, reason
    world.say(what, case, reason, rep_id=rep_id, related=related)
    case.updates = 0
    if before in TAKEN:
        world.show(case, shown, "canceled" if what == "canceled" else shown_reason(what, reason), before)
    queue = world.own_queue(case)
    # In a sticky queue it is known for longer whose case it was, and what was in it.
    is_known = queue.reopen_within_s > 0 or queue.sticky.scope != "off"
    case.is_kept = what not in ("canceled", "merged") and is_known
    if not case.is_kept:
        case.posts.clear()
        case.copies.clear()
    case.rep_id = case.asked = case.burden = case.front_ms = None
    case.hold_until_ms = case.wrap_until_ms = None
    case.clocks.end(world.now_ms)


def shown_reason(what: str, reason: str) -> str:
    """Returns the reason of the record that goes with an end."""
    return what if what in ("merged", "resolved") else reason


def settle(world: World, case: Case) -> None:
    """A waiting case goes to where its queue is now."""
    queue = world.queue(case.queue)
    if (case.queue, case.team) != (queue.name, queue.team):
        reason = "queue_moved" if case.queue == queue.name else "queue_gone"
        if case.queue != queue.name:
            enter(world, case, queue)
        # In a queue that only goes to another team, the deadlines follow as those of all cases do. A case without
        # any has them from its next step on.
        case.team = queue.team
        if not case.clocks.are_noted:
            rewrite(world, case)
        world.say("requeued", case, reason)


def enter(world: World, case: Case, queue: Queue) -> None:
    """The case is in that queue from now on, and keeps what the queue promises."""
    case.queue, case.team = queue.name, queue.team
    case.has_old_terms = False
    rewrite(world, case)


def rewrite(world: World, case: Case, since_ms: int | None = None) -> None:
    """The deadlines are by what the queue promises now. They count from the start where none were noted before."""
    since_ms = case.queued_ms if since_ms is None else since_ms
    given = terms(world.policy, world.own_queue(case), case.priority, direct=case.direct)
    case.clocks.rewrite(given, since_ms, is_answered=case.replied)
    promise(case)
    if case.state in ("awaiting", "wrapping"):
        case.clocks.pause(world.now_ms)


def resume(world: World, case: Case) -> None:
    """The clocks go on."""
    case.clocks.resume(world.now_ms)
    promise(case)


def take_in(world: World, case: Case, post: Post) -> None:
    """A post becomes part of a case, as the newest revision of it."""
    if (old := next((old for old in case.posts if old.post_id == post.post_id), None)) is not None:
        post = replace(post, deleted=old.deleted)
        case.posts.remove(old)
    case.posts.append(post)
    if not post.own:
        case.action = pressing([case.action, post.action])
        case.topics |= post.topics
        case.direct = case.direct or post.direct or post.action == "respond_privately"
        case.has_public = case.has_public or not post.direct
        most = case.priority if case.lead is None else case.lead_priority
        if post.priority > most or not case.total:
            case.lead, case.lead_priority = post.post_id, post.priority
    keep(case, post.post_id)
    if case.newest == post.post_id:
        case.answer_to = post
    if not post.own:
        world.weigh(case, max(case.priority, post.priority))


def is_absent(world: World, rep_id: str | None) -> bool:
    """Says whether a customer who writes again would wait for somebody who is not there."""
    rep = world.rep(rep_id)
    if rep is None or not rep.is_in or rep.is_silent:
        return True
    return world.policy.away_release != "none" and not rep.available


def written(world: World, case: Case, at_ms: int, reason: str) -> None:
    """The customer wrote at that time, and a wait for it, or the end that its rep is still busy with, is over."""
    if case.state == "awaiting":
        case.state = "assigned"
        world.begin_work(case)
        resume(world, case)
        world.say("resumed", case, "customer_wrote", rep_id=case.rep_id)
    elif case.state == "wrapping":
        case.state, case.wrap_until_ms, case.outcome = "assigned", None, ""
        world.begin_work(case)
        resume(world, case)
        world.say("reopened", case, reason, rep_id=case.rep_id)
    owe(world, case)
    case.clocks.ask(at_ms)
    promise(case)


def owe(world: World, case: Case) -> None:
    """The customer waits for an answer."""
    if not case.owed:
        case.owed, case.owed_ms = True, world.now_ms


def look_after(world: World, case: Case) -> None:
    """A case that is owed an answer does not stay with a rep who is absent."""
    rep = world.rep(case.rep_id)
    if case.owed and case.state in TAKEN and is_absent(world, case.rep_id):
        reason = "signed_out" if rep is None or not rep.is_in else "not_responding"
        if rep is not None and rep.is_in and not rep.is_silent:
            reason = "away"
        back(world, case, "released", reason)


def is_same_answer(world: World, case: Case, how: str, *, direct: bool) -> bool:
    """Says whether the answer became known in the other way within ten minutes. A further one is another."""
    last = case.last_answer
    is_same = (
        last is not None and last[1] != how and last[2] == direct and world.now_ms - last[0] <= SAME_ANSWER_MS
    )
    if is_same:
        case.last_answer = None
    return is_same


def answer(world: World, case: Case, how: str, *, at_ms: int, rep_id: str | None = None) -> None:
    """The brand answered at that time, with whatever tool. It answers nothing that the customer wrote later."""
    is_passed = any(post.created_ms > at_ms for post in case.posts if not (post.own or post.deleted))
    was_owed = case.owed
    answered(world, case)
    if is_passed and was_owed:
        case.clocks.ask(world.now_ms)
        promise(case)
        case.owed, case.owed_ms = True, world.now_ms
    world.say("replied", case, how, rep_id=rep_id)
    if case.state in ("waiting", "offered") and not is_passed:
        close(world, case, "closed", "answered_elsewhere", "closed")


def answered(world: World, case: Case) -> None:
    """Nothing is owed to the customer any more."""
    case.replied, case.owed = True, False
    case.active_ms = world.now_ms
    case.clocks.answer()
    promise(case)
