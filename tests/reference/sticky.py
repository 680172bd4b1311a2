"""In a sticky queue a case goes first to the rep who has, or had not long ago, a case of the same customer."""

from tests.reference.entities import Case
from tests.reference.memory import World


def begin(world: World, case: Case, before: tuple[str, int] | None = None) -> None:
    """A case that begins to wait does so for the rep of an earlier case, if there is one.

    Of a case that is opened again, `before` has the queue that it was in and the time of its end. It is itself the
    earlier case.
    """
    end(case)
    queue = world.own_queue(case)
    scope, ttl_ms = queue.sticky.scope, 1000 * queue.sticky.ttl_s
    if scope == "off" or queue.mode == "pull":
        return
    if before is not None and world.now_ms < before[1] + ttl_ms and (scope == "any" or before[0] == queue.name):
        case.wanted = case.former
    if case.wanted is None:
        had = [
            other
            for other in world.cases
            if other is not case and other.former is not None and case.opener in other.contacts
            if scope == "any" or other.queue == queue.name
            # One that was merged went on as another.
            if other.is_open or (other.is_kept and world.now_ms < other.closed_ms + ttl_ms)
        ]
        # The newest of those that are open, or else the one that ended last.
        when = {other.name: other.queued_ms if other.is_open else other.closed_ms for other in had}
        newest = max(had, key=lambda other: (other.is_open, when[other.name]), default=None)
        case.wanted = None if newest is None else newest.former
    if case.wanted is not None:
        case.wanted_until_ms = world.now_ms + 1000 * queue.sticky.hold_s


def end(case: Case) -> None:
    """The case waits for no single rep any more."""
    case.wanted = case.wanted_until_ms = None
