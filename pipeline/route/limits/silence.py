"""How long a case may lie with a rep: until the contact is answered, and after the answer until it is over.

The instants come from what the case holds anyway and from the policy in force, so that an edit of the policy
counts for the cases that there are. While the rep holds a case, only what the contact is owed has a limit. While
the contact owes an answer, only the silence has one.
"""

from pipeline.route.policies import PolicyBook, SilenceLimits
from pipeline.route.state.entities import Case


def limited(book: PolicyBook, case: Case) -> Case:
    """Returns a case with the instant at which its rep loses it, or at which it is resolved."""
    limits = book.silence_limits(case.workspace).get(case.queue)
    limit_ms = None if limits is None else _limit_ms(case, limits)
    before_ms = None if case.extras.times is None else case.extras.times.limit_ms
    return case if limit_ms == before_ms else case.timed(limit_ms=limit_ms)


def taken(book: PolicyBook, case: Case, now_ms: int) -> Case:
    """Returns a case that a rep begins to work on now, or goes on to, in a queue in which that counts."""
    if case.extras.times is not None and case.extras.times.front_ms is not None:
        case = case.timed(front_ms=None)
    if case.offer is None or case.queue not in book.silence_limits(case.workspace):
        return case
    return case._replace(offer=case.offer._replace(taken_ms=now_ms))


def _limit_ms(case: Case, limits: SilenceLimits) -> int | None:
    if case.offer is None:
        return None
    # A case of before the limit was taken when its offer ended at the latest.
    taken_ms = case.offer.expires_at_ms if case.offer.taken_ms is None else case.offer.taken_ms
    if case.owed_ms is None:
        begun_ms, within_ms = case.active_ms, limits.idle_ms
        counts = case.state in ("assigned", "awaiting") and case.replied_at_ms is not None
    else:
        begun_ms = case.owed_ms
        within_ms = limits.reply_ms if case.replied_at_ms is None else limits.follow_up_ms
        counts = case.state in ("assigned", "held")
    return max(begun_ms, taken_ms) + within_ms if counts and within_ms is not None else None
