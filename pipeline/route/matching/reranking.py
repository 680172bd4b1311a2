"""Live re-ranking: a case rises or falls when the reach, mood or value of its posts or author changes by a step.

A step is a doubling. The priority is a noisy OR of all that makes a case matter, as in triage, so that one strong
signal is enough and no sum exceeds 100. Of what is left up to 100, a signal takes its weight times its steps, of
which five count. These are the formula and weights of triage for virality, mood and customer value.

A case rises with each step. It falls only by two steps or more, and only as what has raised it falls. What goes to
and fro by one step moves it once. Rings, deadlines and refusals run on as they were.
"""

from collections.abc import Iterator

from pipeline.route.messages import RouteSignal
from pipeline.route.state.entities import Case, Lift
from pipeline.route.state.links import names_of
from pipeline.route.turn import Turn

MOST_STEPS = 5
"""Thirty-two times as much as triage knew is as much as can count."""
FALLS_BY = 2
"""So many steps below that which has raised the case the signal must be to lower it."""
WEIGHTS = {"mood": 0.6, "reach": 0.4, "value": 0.3}
"""Shares of what is left up to 100 that a signal of each kind takes with all its steps."""


def follow(turn: Turn, signal: RouteSignal) -> None:
    """Moves the open cases of the post or author that the signal is about."""
    if signal.kind != "other":
        for case in _cases(turn, signal):
            _move(turn, case, signal)


def raised(priority: float, kind: str, before: int, after: int) -> float:
    """Returns the priority after the steps of a signal have changed.

    It rises and falls with the steps, lies between 0 and 100, and is the same again when the steps are.
    """
    left = (1 - priority / 100) * _left(kind, after) / _left(kind, before)
    # Rounded, so that no digit tells what it has been through.
    return round(min(100.0, max(0.0, 100 * (1 - left))), 6)


def _left(kind: str, step: int) -> float:
    return 1 - WEIGHTS[kind] * step / MOST_STEPS


def _cases(turn: Turn, signal: RouteSignal) -> Iterator[Case]:
    case_ids: list[str] = []
    if signal.author_id is not None:
        case_ids = names_of(turn.state.workspaces[signal.workspace].contacts, signal.author_id)
    elif signal.post_id is not None:
        member = turn.state.member(signal.workspace, signal.post_id)
        # How far the brand's own answer carries says nothing about the case.
        case_ids = [] if member is None or member.own or member.deleted else [member.case_id]
    for case_id in case_ids:
        case = turn.state.case(signal.workspace, case_id)
        if case is not None and case.state != "wrapping":
            yield case


def _move(turn: Turn, case: Case, signal: RouteSignal) -> None:
    assert signal.kind != "other", "nothing is known of it"
    about = signal.post_id or signal.author_id
    assert about is not None, "the contract wants one of the two"
    lift = next((lift for lift in case.extras.lifts if lift.kind == signal.kind), None)
    before = 0 if lift is None else lift.step
    step = min(MOST_STEPS, max(0, signal.step))
    at_ms = min(signal.own_ms, turn.now_ms)
    leads = lift is not None and about == lift.about
    if step == before or (leads and lift is not None and at_ms <= lift.at_ms):
        return
    if step < before and not (leads and before - step >= FALLS_BY):
        return
    now = Lift(signal.kind, step, about, at_ms)
    lifts = tuple(sorted([now, *(other for other in case.extras.lifts if other is not lift)], key=_kind))
    changed = case._replace(priority=raised(case.priority, signal.kind, before, step), lifts=lifts)
    reason = f"{signal.kind}_{'rose' if step > before else 'fell'}"
    rep_id = None if case.offer is None else case.offer.rep_id
    turn.publish_update(turn.step(changed, "reprioritised", reason, rep_id=rep_id), "reprioritised")


def _kind(lift: Lift) -> str:
    return lift.kind
