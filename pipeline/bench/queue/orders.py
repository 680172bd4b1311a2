"""Compares two orders of the same arrivals for `earshot bench queue`: that of the policy, and first in first out.

Both go through the same router with the same policy and reps. For first in first out all cases have the same
priority, so that the older one always goes first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.bench.queue.arrivals import Arrivals
from pipeline.bench.queue.play import Played, play
from pipeline.bench.queue.reps import Staff
from pipeline.bench.queue.waits import Bound, Waits, bound_of, load_of, occupancy_of, waits_of
from pipeline.errors import Misconfigured
from schemas.policy.policy import Policy

PRIORITY = 50.0
"""That of all cases, first in first out."""


@dataclass(frozen=True)
class Order:
    """How the cases fared in one order."""

    name: str
    urgent: Waits
    others: Waits
    occupancy: float
    """Share of the reps' capacity that was in use, from the first arrival to the last."""
    bound: Bound


@dataclass(frozen=True)
class QueueBench:
    """What was measured."""

    ordered: Order
    """By the policy and the priority."""
    first_in_first_out: Order
    load: float
    """Work that came as a share of what the reps could do, from the first arrival to the last."""
    within_min: float
    scale: float
    """By what the scores were multiplied to make priorities."""


def bench_queue(
    arrivals: Arrivals,
    policy: Policy,
    queue: str,
    staff: Staff,
    within_min: float,
    report: Callable[[str], None],
) -> QueueBench:
    """Plays the arrivals in both orders.

    Args:
        arrivals: of a file.
        policy: that the router follows.
        queue: name of the queue in which all cases wait.
        staff: the reps.
        within_min: how soon is in time, in minutes.
        report: gets a line for people before each run.

    Raises:
        Misconfigured: all cases are urgent or none is, the policy does not have the queue, or it offers cases to
            nobody.
    """
    if len({case.urgent for case in arrivals.cases}) == 1:
        raise Misconfigured("urgent: both urgent cases and others are needed")
    report(f"{len(arrivals.cases):,} cases by priority")
    ordered = play(arrivals.cases, policy, queue, staff)
    report(f"{len(arrivals.cases):,} cases first in first out")
    plain = play([case._replace(priority=PRIORITY) for case in arrivals.cases], policy, queue, staff)
    return QueueBench(
        _order("by priority", ordered, policy, staff, within_min),
        _order("first in first out", plain, policy, staff, within_min),
        load_of(ordered, staff),
        within_min,
        arrivals.scale,
    )


def _order(name: str, played: Played, policy: Policy, staff: Staff, within_min: float) -> Order:
    urgent, others = (
        waits_of([course for course in played.courses if course.arrival.urgent is kind], within_min)
        for kind in (True, False)
    )
    return Order(name, urgent, others, occupancy_of(played, staff), bound_of(played, policy.oldest_every))
