"""Reads how the queues stand off the look-ups of the router.

It walks over queues and classes, never over cases, and over reps only where cases weigh more than the least.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from pipeline.clock import from_ms
from pipeline.route.gauges.pace import Pace
from pipeline.route.state.classes import DemandClass, RepClass
from pipeline.route.state.indexes import Workspace
from pipeline.route.state.state import State
from schemas.cases.gauges import QueueGauge
from schemas.policy.queues import Queue


def queue_gauges(state: State, pace: Pace, at_ms: int) -> Iterator[QueueGauge]:
    """Yields how each queue of the policies in force stands, by workspace and in the order of the policy."""
    for name, held in sorted(state.indexes.policies.items()):
        workspace = state.workspaces[name]
        oldest, unmatched = _oldest(workspace), _unmatched(workspace)
        for queue in held.policy.queues:
            yield _gauge(workspace, queue, oldest.get(queue.name), unmatched[queue.name], pace, at_ms)


def _gauge(
    workspace: Workspace, queue: Queue, oldest_ms: int | None, unmatched: int, pace: Pace, at_ms: int
) -> QueueGauge:
    reps = _pool(workspace, queue)
    capacity = sum(each.capacity for each in reps)
    waiting = workspace.waiting[queue.name]
    counts = workspace.tallies[queue.name]
    return QueueGauge(
        workspace=workspace.name,
        at=from_ms(at_ms),
        queue=queue.name,
        team=queue.team,
        waiting=waiting,
        # What began to wait after the minute has waited for no time of it.
        oldest_s=None if oldest_ms is None else max(0, at_ms - oldest_ms) // 1000,
        expected_wait_s=pace.expected_wait_s((workspace.name, queue.name), waiting),
        unmatched=unmatched,
        held=counts.held,
        present=sum(each.present for each in reps),
        occupancy=sum(each.taken for each in reps) / capacity if capacity else None,
        due_soon=counts.due_soon,
        breached=counts.breached,
    )


def _oldest(workspace: Workspace) -> dict[str, int]:
    """Maps each queue in which cases wait to the time since when the oldest does, in milliseconds."""
    oldest: dict[str, int] = {}
    for demand in workspace.classes.demands():
        since_ms, name = demand.oldest_ms, demand.key.queue
        if since_ms is not None:
            oldest[name] = min(since_ms, oldest.get(name, since_ms))
    return oldest


def _unmatched(workspace: Workspace) -> Counter[str]:
    """Counts the waiting cases of each queue that nobody at work may take. A queue that is closed has none."""
    unmatched: Counter[str] = Counter()
    for demand in workspace.classes.demands():
        if demand.terms.teams and not _is_matched(workspace, demand):
            unmatched[demand.key.queue] += len(demand)
    return unmatched


def _is_matched(workspace: Workspace, demand: DemandClass) -> bool:
    takers: Iterable[RepClass] = demand.takers
    if demand.terms.pull:
        # Cases that reps pick by hand have no takers.
        reps = (each for name in demand.terms.teams for each in workspace.classes.team(name).reps)
        takers = (each for each in reps if demand.fits(each))
    weight = demand.key.weight
    return any(each.present and (weight == 1 or _holds(each, weight)) for each in takers)


def _holds(reps: RepClass, weight: int) -> bool:
    """Whether one of them is at work who could take a case of that weight when free of all others."""
    members = (place.rep for place in reps.members if place.rep is not None)
    return any(rep.present and rep.capacity >= weight for rep in members)


def _pool(workspace: Workspace, queue: Queue) -> list[RepClass]:
    """Returns the classes of the reps who may take cases of the queue, by their teams."""
    return workspace.classes.team(queue.team).reps
