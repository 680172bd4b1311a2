"""Rings widen the circle of the reps who may take a case that has waited.

A case reaches a ring only while it waits, and what the rings change for it is said in `skills`.
"""

from pipeline.route.state.entities import Case
from pipeline.route.turn import Turn


def widen(turn: Turn, case: Case) -> None:
    """Takes a waiting case to the last ring of its queue whose time has come."""
    rings = turn.book.rings(case.workspace).get(case.queue, ())
    reached, priority = case.ring, case.priority
    while reached < len(rings) and case.entered_ms + 1000 * rings[reached].after_s <= turn.now_ms:
        priority = min(100.0, priority + rings[reached].raise_priority)
        reached += 1
    case = case.lapsed(turn.now_ms)
    if reached == case.ring:
        # A policy since has other rings, and the case has not been counted anew yet.
        turn.state.put_case(turn.book.ringed(case))
        return
    turn.step(case._replace(ring=reached, priority=priority), "ring_changed", "waited")
