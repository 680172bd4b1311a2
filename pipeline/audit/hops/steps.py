"""States what each step of a case implies: the assignment record that goes with it, and the state that it leaves.

It restates rules of the router (`pipeline/route`) on purpose, so that the audit does not trust what it judges. Ids
and positions of an event are not its business.
"""

from collections.abc import Mapping
from typing import get_args

from schemas.cases.case import AssignmentState, CaseEvent, CaseEventType, CaseState

ASSIGNMENT_OF: Mapping[CaseEventType, AssignmentState] = {
    "offered": "offered",
    "assigned": "assigned",
    "rejected": "released",
    "timed_out": "released",
    "released": "released",
    "transferred": "released",
    "resolved": "closed",
}
"""These steps always publish an assignment record, with the attempt of the event."""

_IF_HELD: Mapping[CaseEventType, AssignmentState] = {
    "canceled": "released",
    "closed": "closed",
    "merged": "closed",
}
"""These steps publish one when a rep has the case or is offered it."""

_STATE_AFTER_STEP: Mapping[CaseEventType, CaseState | None] = {
    "queued": "waiting",
    "offered": "offered",
    "assigned": "assigned",
    "rejected": "waiting",
    "timed_out": "waiting",
    "released": "waiting",
    "transferred": "waiting",
    "held": "held",
    "awaiting": "awaiting",
    "resumed": "assigned",
    "wrapping": "wrapping",
    "resolved": None,
    "canceled": None,
    "closed": None,
    "merged": None,
}
"""None means that the case is over. Steps that are not named leave the state as it was."""

STATES_AFTER: tuple[CaseState | str | None, ...] = ("same", None, *get_args(CaseState))
"""These are the codes of `EventLog.steps`. "same" means that the step leaves the state as it was."""
UNCHANGED, CLOSED = 0, 1

OUTCOMES: frozenset[CaseEventType] = frozenset({"queued", "joined", "refused"})
"""A post comes to exactly one of these."""


def assignment_state(event: CaseEvent) -> AssignmentState | None:
    """Returns the state of the assignment record that the step publishes, or None when it publishes none."""
    if event.type in _IF_HELD:
        # The case may have waited. The event names no rep then, because none held the case.
        return _IF_HELD[event.type] if event.rep_id is not None else None
    return ASSIGNMENT_OF.get(event.type)


def step_code(event: CaseEvent) -> int:
    """Returns the index into `AFTER`."""
    if event.type == "reopened":
        # A rep who still wraps the case up goes on with it.
        return STATES_AFTER.index("waiting" if event.rep_id is None else "assigned")
    return STATES_AFTER.index(_STATE_AFTER_STEP.get(event.type, "same"))
