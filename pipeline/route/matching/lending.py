"""Teams lend their reps to a queue of another team while its rule says so.

A rule holds from the moment at which more cases wait than it says, or the oldest has waited for longer. It ends
once the queue is below half of each limit, or nothing waits, so that it does not flicker. What a rep has accepted
by then, or is offered, stays. The reps take no more of the queue's cases than a share of what their team can take.

Each queue that may borrow is looked at when something else waits there than before, and when its oldest case will
have waited for too long. That compares the demand classes of the queue and never walks over cases or reps.
"""

from pipeline.route.state.entities import Lending
from pipeline.route.turn import Turn
from schemas.policy.queues import Borrowing


def review(turn: Turn) -> None:
    """Sees which teams lend to the queues in which something else waits than before."""
    queues = turn.state.indexes.touched.queues
    for workspace, name in sorted(queues):
        _review(turn, workspace, name)
    queues.clear()


def review_all(turn: Turn, workspace: str) -> None:
    """Sees which teams lend to each queue of a workspace, because its policy is another one."""
    of = turn.state.workspaces[workspace]
    for name in sorted(of.borrowers.union(of.lendings)):
        _review(turn, workspace, name)


def _review(turn: Turn, workspace: str, name: str) -> None:
    of, view = turn.state.workspaces[workspace], turn.book.view(workspace)
    queue = None if view is None else view.queues.get(name)
    before = of.lendings.get(name, Lending())
    waiting, oldest_ms = of.waiting[name], of.classes.oldest_ms(name)
    waited_ms = 0 if oldest_ms is None else turn.now_ms - oldest_ms
    lenders, due = list[str](), list[int]()
    for rule in () if queue is None else queue.borrows:
        if waiting and _holds(rule, waiting, waited_ms, held=rule.team in before.teams):
            lenders.append(rule.team)
        elif rule.waiting_over_s is not None and oldest_ms is not None:
            due.append(oldest_ms + 1000 * rule.waiting_over_s + 1)
    for lender in sorted({*lenders, *before.teams}):
        if (lender in lenders) != (lender in before.teams):
            turn.counts.append("lending_begun" if lender in lenders else "lending_ended")
    due_ms = min(due, default=None)
    if due_ms is not None and before.due_ms is not None and turn.now_ms < before.due_ms <= due_ms:
        # To look too early costs less than to write another time for each case that comes and goes.
        due_ms = before.due_ms
    after = Lending(tuple(lenders), due_ms)
    turn.state.put("lending", workspace, name, None if after == Lending() else after)


def _holds(rule: Borrowing, waiting: int, waited_ms: int, *, held: bool) -> bool:
    limits = ((rule.waiting_over, waiting), (rule.waiting_over_s, waited_ms / 1000))
    if held:
        return any(limit is not None and 2 * now >= limit for limit, now in limits)
    return any(limit is not None and now > limit for limit, now in limits)
