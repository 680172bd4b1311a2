"""Rings widen the circle of the reps who may take a case that has waited.

A case reaches a ring only while it waits, and what the rings change for it is said in `skills`.
"""

from pipeline.route.state.entities import Case
from pipeline.route.turn import Turn


def widen(turn: Turn, case: Case) -> None:
    """Takes a waiting case to the last ring of its queue whose time has come."""
    rings = turn.book.rings(case.workspace)[case.queue]
    reached, priority = case.ring, case.priority
    while reached < len(rings) and case.entered_ms + 1000 * rings[reached].after_s <= turn.now_ms:
        priority = min(100.0, priority + rings[reached].raise_priority)
        reached += 1
    case = case.lapsed(turn.now_ms)._replace(ring=reached, priority=priority)
    turn.step(case, "ring_changed", "waited")
