"""The life of a case: its states, and every way from one to the next, as one table.

Whoever changes the state of a case asks `after` for the new one, so that no way is open that the table does not
have. `deploy/cases.md` is written from the table, and the property tests compare whole days with it.
"""

from types import MappingProxyType
from typing import Literal, NamedTuple

from schemas.cases.case import AssignmentState, CaseEventType, CaseState

State = Literal["waiting", "offered", "assigned", "held", "awaiting", "wrapping", "closed"]
"""A closed case is remembered for a while, so that it can be reopened, and is no longer in `cases.current`."""
Trigger = Literal[
    "opened", "offered", "accepted", "rejected", "timed_out", "released", "answered_elsewhere",
    "held", "awaited", "resumed", "written", "transferred", "given", "picked",
    "resolved", "wrapping", "wrapped_up", "closed", "deleted", "merged", "reopened", "continued",
]  # fmt: skip
"""What can happen to a case that changes its state."""

STATES: MappingProxyType[State, str] = MappingProxyType(
    {
        "waiting": "It waits in its queue for a rep.",
        "offered": "One rep may take it until the offer expires. It takes up the rep's capacity.",
        "assigned": "A rep has it and works on it.",
        "held": "Its rep waits for something. The deadlines run on.",
        "awaiting": "The customer owes an answer. The deadlines stand still until the customer writes.",
        "wrapping": "It is resolved, and its rep still finishes the paperwork, for as long as the queue allows.",
        "closed": "It is over. Within the queue's `reopen_within_s` it can be reopened.",
    }
)
WITH_A_REP: frozenset[State] = frozenset({"offered", "assigned", "held", "awaiting", "wrapping"})
"""In these states a rep has the case or is offered it, and it takes up the rep's capacity."""
AT_WORK: frozenset[State] = frozenset({"assigned", "held", "awaiting"})
"""In these states a rep has accepted the case, and it is not resolved yet."""
_OPEN: frozenset[State] = frozenset(STATES) - {"closed"}


class Transition(NamedTuple):
    """One row of the table."""

    trigger: Trigger
    before: frozenset[State]
    """The states in which it can happen; none for the beginning."""
    after: State
    event: CaseEventType
    """The step on `cases.events` that says so."""
    records: tuple[AssignmentState, ...]
    """The assignment records that go with it, each only if a rep has the case or is offered it."""
    meaning: str


def _states(*names: State) -> frozenset[State]:
    return frozenset(names)


TRANSITIONS: tuple[Transition, ...] = (
    Transition("opened", _states(), "waiting", "queued", (), "A post opens the case, or leaves another case."),
    Transition("offered", _states("waiting"), "offered", "offered", ("offered",), "The router chooses a rep."),
    Transition("accepted", _states("offered"), "assigned", "assigned", ("assigned",),
               "The rep takes the offer in time."),
    Transition("rejected", _states("offered"), "waiting", "rejected", ("released",),
               "Its rep does not take it."),
    Transition("timed_out", _states("offered"), "waiting", "timed_out", ("released",),
               "Nobody answers the offer."),
    Transition("released", WITH_A_REP - {"wrapping"}, "waiting", "released", ("released",),
               "Its rep leaves, falls silent or does not answer the customer in time."),
    Transition("answered_elsewhere", _states("waiting", "offered"), "closed", "closed", ("closed",),
               "The brand answers with another tool before any rep has the case."),
    Transition("held", AT_WORK, "held", "held", ("assigned",), "Its rep waits for somebody or something."),
    Transition("awaited", AT_WORK, "awaiting", "awaiting", ("assigned",),
               "Its rep says that the customer owes an answer."),
    Transition("resumed", _states("held", "awaiting"), "assigned", "resumed", ("assigned",),
               "Its rep goes on, or the time of the hold is over."),
    Transition("written", _states("awaiting"), "assigned", "resumed", ("assigned",), "The customer writes."),
    Transition("transferred", AT_WORK, "waiting", "transferred", ("released",),
               "Its rep gives it to a queue, a team or a rep. The time in the rings of a queue begins anew."),
    Transition("given", _states("waiting"), "assigned", "assigned", ("assigned",),
               "A rep has it from another who gave it away, or did not get rid of it."),
    Transition("picked", _states("waiting"), "assigned", "assigned", ("assigned",),
               "A rep picks it by hand from a queue that offers nothing."),
    Transition("resolved", AT_WORK, "closed", "resolved", ("closed",),
               "Its rep has done what it needs, or nobody has written since an answer."),
    Transition("wrapping", AT_WORK, "wrapping", "wrapping", ("assigned",),
               "Its rep has done what it needs, in a queue that leaves time to wrap it up."),
    Transition("wrapped_up", _states("wrapping"), "closed", "resolved", ("closed",),
               "Its rep has finished the paperwork, or the time for it is over."),
    Transition("closed", _OPEN, "closed", "closed", ("closed",),
               "A supervisor ends it."),
    Transition("deleted", _states("waiting", "offered"), "closed", "canceled", ("released",),
               "The customer deletes all posts of the case. It cannot be reopened."),
    Transition("merged", _OPEN, "closed", "merged", ("closed",),
               "A supervisor joins it to another case, which goes on in its place."),
    Transition("reopened", _states("closed"), "waiting", "reopened", (), "The customer writes again in time."),
    Transition("continued", _states("wrapping"), "assigned", "reopened", ("assigned",),
               "The customer writes while the rep still has it."),
)  # fmt: skip
BY_TRIGGER: MappingProxyType[Trigger, Transition] = MappingProxyType({row.trigger: row for row in TRANSITIONS})


def may(trigger: Trigger, before: State | None) -> bool:
    """Whether that can happen to a case in that state; None before the beginning."""
    states = BY_TRIGGER[trigger].before
    return not states if before is None else before in states


def after(trigger: Trigger, before: State | None) -> CaseState:
    """Returns the state of the open case to which that leads.

    Raises:
        ValueError: it cannot happen in the state before, or the case is not open afterwards.
    """
    state = BY_TRIGGER[trigger].after
    if state == "closed" or not may(trigger, before):
        raise ValueError(f"a case that is {before or 'not begun'} is not open after it was {trigger}")
    return state
