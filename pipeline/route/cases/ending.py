"""How a case ends, and how one that has ended begins again."""

from pipeline.route import promises
from pipeline.route.cases.known import kept_for_rep
from pipeline.route.cases.lifecycle import after
from pipeline.route.messages import ScoredPost
from pipeline.route.state.entities import Case, Closed
from pipeline.route.turn import Turn


def resolve(turn: Turn, case: Case, outcome: str) -> None:
    """Ends a case whose rep has done what it needs, or leaves the rep time to wrap it up."""
    assert case.offer is not None
    wrap_up_ms = turn.book.wrap_up_ms(case.workspace, case.queue)
    if not wrap_up_ms:
        _end_resolved(turn, case, outcome)
        return
    case = case._replace(state=after("wrapping", case.state), outcome=outcome, owed_ms=None)
    case = case.timed(until_ms=turn.now_ms + wrap_up_ms)
    case = turn.step(case, "wrapping", outcome, rep_id=case.offer.rep_id if case.offer else None)
    turn.publish_update(case, "wrapping")


def wrap_up(turn: Turn, case: Case, reason: str) -> None:
    """Ends a case that was resolved before, because its rep or the time is done with it."""
    assert case.offer is not None
    case = turn.step(case, "wrapped_up", reason, rep_id=case.offer.rep_id)
    _end_resolved(turn, case, case.extras.outcome or "resolved")


def end_idle(turn: Turn, case: Case) -> None:
    """Ends a case that was answered and in which nobody has written since. There is nothing to wrap up."""
    _end_resolved(turn, case, "idle")


def _end_resolved(turn: Turn, case: Case, outcome: str) -> None:
    assert case.offer is not None
    # The assignment comes first: it carries the brief as it was until now.
    turn.publish_assignment(case, case.offer, "closed", "resolved")
    turn.last_step(case, "resolved", outcome, case.offer.rep_id, reopens=True)


def close(turn: Turn, case: Case, reason: str) -> None:
    """Ends a case for another reason, whoever has it or whether it waits."""
    rep_id = None
    if case.offer is not None:
        rep_id = case.offer.rep_id
        turn.publish_assignment(case, case.offer, "closed", reason)
    turn.last_step(case, "closed", reason, rep_id, reopens=True)


def cancel(turn: Turn, case: Case) -> None:
    """Ends a case of which the contact has deleted all posts, and forgets what there was to read."""
    rep_id = None
    if case.offer is not None:
        rep_id = case.offer.rep_id
        case = turn.release(case, "canceled")
    turn.last_step(case, "canceled", "deleted", rep_id, reopens=False)


def reopen(turn: Turn, closed: Closed, reason: str, post: ScoredPost | None = None) -> Case:
    """Opens a closed case again. It waits anew, under its old id and with its old posts.

    Where triage wants something done about the post that reopens it, the case goes to the queue of that post and
    needs its skills. What was asked in public may go on in private, and concern others.
    """
    before = closed.case
    assert before is not None, "only a case that was kept can be reopened"
    case = before
    turn.state.put("closed", case.workspace, case.case_id, None)
    name = case.queue
    if post is not None and post.triage.queue is not None:
        name = post.triage.queue
        case = case._replace(skills=post.triage.words)
    queue = turn.book.queue(case.workspace, name)
    asked_ms = turn.now_ms if post is None else turn.received_ms(post.appended_ms)
    if queue is not None:
        deadline_ms = asked_ms + 1000 * queue.first_response_s
        case = case._replace(queue=queue.name, team=queue.team, respond_by_ms=deadline_ms)
    case = case._replace(
        state=after("reopened", "closed"),
        queued_at_ms=turn.now_ms,
        entered_ms=turn.now_ms,
        replied_at_ms=None,
        owed_ms=None,  # until the post that reopens it joins
        answer=None,
    )
    case = promises.reopened(turn.book, case, before, closed.closed_ms, asked_ms)
    case = kept_for_rep(turn, case, before, closed.closed_ms)
    return turn.step(case, "reopened", reason)
