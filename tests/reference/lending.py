"""Which teams lend their reps to which queue, and how much of them its cases take."""

from schemas.policy.queues import Borrowing, Queue
from tests.reference.entities import TAKEN, Case
from tests.reference.memory import World


def review(world: World) -> None:
    """Sees which rules hold, by how many cases wait now and for how long."""
    for queue in world.policy.queues:
        before = world.lending.get(queue.name, [])
        world.lending[queue.name] = [
            rule.team for rule in queue.borrows if _holds(world, queue, rule, is_held=rule.team in before)
        ]


def _holds(world: World, queue: Queue, rule: Borrowing, *, is_held: bool) -> bool:
    waiting = [case for case in world.waiting() if case.queue == queue.name]
    if not waiting:
        return False
    waited_ms = world.now_ms - min(case.queued_ms for case in waiting)
    pairs = []
    if rule.waiting_over is not None:
        pairs.append((len(waiting), rule.waiting_over))
    if rule.waiting_over_s is not None:
        pairs.append((waited_ms, 1000 * rule.waiting_over_s))
    # It begins over any of its limits, and ends below half of each.
    return any(2 * now >= limit if is_held else now > limit for now, limit in pairs)


def begins_ms(world: World) -> list[int]:
    """Returns when rules begin to hold because of the time alone."""
    oldest = [
        (min(case.queued_ms for case in waiting), queue)
        for queue in world.policy.queues
        if (waiting := [case for case in world.waiting() if case.queue == queue.name])
    ]
    return [
        ms + 1000 * rule.waiting_over_s + 1
        for ms, queue in oldest
        for rule in queue.borrows
        if rule.waiting_over_s is not None
    ]


def load(world: World, queue: str, lender: str) -> int:
    """Returns what the cases of a queue take of the team that lends to it."""
    return sum(
        world.weight(case)
        for case in world.cases
        if case.queue == queue and case.state in TAKEN and case.lent_by == lender
    )


def has_room(world: World, queue: Queue, lender: str, case: Case) -> bool:
    """Says whether the team lends as much as the case takes."""
    share = next((rule.max_share for rule in queue.borrows if rule.team == lender), 1.0)
    of_team = sum(rep.capacity for rep in world.reps if lender in rep.teams and world.answers(rep))
    return load(world, queue.name, lender) + world.weight(case) <= round(share * of_team, 9)
