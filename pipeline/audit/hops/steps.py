"""What each step of a case implies: the assignment record that goes with it, and the state that it leaves.

In: a CaseEvent. Out: states. It restates rules of the router (pipeline/route: cases, matching, requests, timers,
reps) on purpose, so that the audit does not trust what it judges. Never here: ids and positions of an event.
"""

from collections.abc import Mapping

from schemas.cases.case import AssignmentState, CaseEvent, CaseEventType, CaseState

ASSIGNMENT_OF: Mapping[CaseEventType, AssignmentState] = {
    "offered": "offered",
    "assigned": "assigned",
    "rejected": "released",
    "timed_out": "released",
    "released": "released",
    "resolved": "closed",
}
"""Steps that always publish an assignment record, of the event's attempt."""

_STATE_AFTER: Mapping[CaseEventType, CaseState | None] = {
    "queued": "waiting",
    "offered": "offered",
    "assigned": "assigned",
    "rejected": "waiting",
    "timed_out": "waiting",
    "released": "waiting",
    "resolved": None,
    "canceled": None,
}
"""None: the case is over. Steps that are not named leave the state as it was."""

AFTER: tuple[CaseState | str | None, ...] = ("same", None, "waiting", "offered", "assigned")
"""Codes of `EventLog.steps`."""
SAME, OVER = 0, 1

OUTCOMES: frozenset[CaseEventType] = frozenset({"queued", "joined", "refused"})
"""What becomes of a post: exactly one of these."""


def assignment_state(event: CaseEvent) -> AssignmentState | None:
    """The state of the assignment record that the step publishes, None when it publishes none."""
    if event.type == "canceled":
        # A case can be canceled while it waits; then no rep is named, because none held it.
        return "released" if event.rep_id is not None else None
    return ASSIGNMENT_OF.get(event.type)


def step_code(event: CaseEvent) -> int:
    """The index into `AFTER`."""
    return AFTER.index(_STATE_AFTER.get(event.type, "same"))
