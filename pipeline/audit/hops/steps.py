"""States what each step of a case implies: the assignment record that goes with it, and the state that it leaves.

It restates rules of the router (`pipeline/route`) on purpose, so that the audit does not trust what it judges. Ids
and positions of an event are not its business.
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
"""These steps always publish an assignment record, with the attempt of the event."""

_STATE_AFTER_STEP: Mapping[CaseEventType, CaseState | None] = {
    "queued": "waiting",
    "offered": "offered",
    "assigned": "assigned",
    "rejected": "waiting",
    "timed_out": "waiting",
    "released": "waiting",
    "resolved": None,
    "canceled": None,
}
"""None means that the case is over. Steps that are not named leave the state as it was."""

STATES_AFTER: tuple[CaseState | str | None, ...] = ("same", None, "waiting", "offered", "assigned")
"""These are the codes of `EventLog.steps`. "same" means that the step leaves the state as it was."""
UNCHANGED, CLOSED = 0, 1

OUTCOMES: frozenset[CaseEventType] = frozenset({"queued", "joined", "refused"})
"""A post comes to exactly one of these."""


def assignment_state(event: CaseEvent) -> AssignmentState | None:
    """Returns the state of the assignment record that the step publishes, or None when it publishes none."""
    if event.type == "canceled":
        # A case can be canceled while it waits. The event names no rep then, because none held the case.
        return "released" if event.rep_id is not None else None
    return ASSIGNMENT_OF.get(event.type)


def step_code(event: CaseEvent) -> int:
    """Returns the index into `AFTER`."""
    return STATES_AFTER.index(_STATE_AFTER_STEP.get(event.type, "same"))
