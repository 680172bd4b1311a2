"""Judges the hop into `cases.current`, which holds exactly the open cases, each as its last step left it.

A value is at least where the case stood when the audit began. It may be some steps ahead of what was read of
`cases.events`, because the stream goes on. The hop is exactly once.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.audit.collected import CurrentCase, Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.case import cases_of
from pipeline.audit.hops.steps import CLOSED, STATES_AFTER, UNCHANGED
from pipeline.audit.logs import place


class _Step(NamedTuple):
    """Holds a step of a case: its number, the state code after it and its place. The code is UNCHANGED where
    retention has removed the steps that set the state.
    """

    seq: int
    state: int
    at: int


def events_to_current(facts: Facts) -> HopReport:
    """Judges that cases.current holds exactly the open cases, each as its last step left it."""
    report = HopReport("cases.events -> cases.current", "exactly once")
    events = facts.events
    known_cases: set[int] = set()
    for case, numbered in cases_of(events):
        known_cases.add(case)
        steps = _steps(facts, numbered)
        # The newest step whose transaction was over bounds the value from below; later steps only may have
        # arrived.
        settled = next((step for step in reversed(steps) if events.is_settled(step.at)), None)
        if settled is not None:
            _judge(report, facts, case, steps, settled)
    # Without its removed steps nobody can tell whether a case is open.
    if not events.trimmed:
        for case in facts.current.keys() - known_cases:
            _too_much(report, facts, case, f"no step of it in {events.name}")
    return report


def _steps(facts: Facts, numbered: Sequence[tuple[int, int]]) -> list[_Step]:
    steps, state = list[_Step](), UNCHANGED
    for seq, index in numbered:
        code = facts.events.steps[index]
        state = state if code == UNCHANGED else code
        steps.append(_Step(seq, state, facts.events.positions[index]))
    return steps


def _judge(report: HopReport, facts: Facts, case: int, steps: Sequence[_Step], settled: _Step) -> None:
    """Judges one case by its step `sure`, which must have arrived, and by the later ones, which may have."""
    current, last = facts.current.get(case), steps[-1]
    if settled.state == CLOSED:
        if current is not None and current.state is not None:
            _too_much(report, facts, case, f"closed by {_place(facts, settled)}")
        return
    # The case may have closed after `sure`, and then an absent value is as right as an old one.
    if last.state == CLOSED and (current is None or current.state is None):
        return
    report.ids_in += 1
    wrong = _difference(facts, current, steps, settled)
    if wrong is None:
        report.ids_out += 1
        return
    where = _place(facts, settled) if current is None else place(facts.current_log.name, current.at)
    report.lost.add(f"case {facts.names.name(case)}", where, wrong)


def _difference(facts: Facts, current: CurrentCase | None, steps: Sequence[_Step], settled: _Step) -> str | None:
    if current is None:
        return f"open, not in {facts.current_log.name}"
    last, later = steps[-1], not facts.current_log.is_settled(current.at)
    if current.state is None:
        return None if later else f"it is over, but open after {_place(facts, last)}"
    if current.seq > last.seq and later:
        return None  # a step that came after the end of what was read
    if not settled.seq <= current.seq <= last.seq:
        return f"it is at step {current.seq}, not at {settled.seq} of {_place(facts, settled)}"
    after = next(step for step in reversed(steps) if step.seq <= current.seq)
    if after.state not in (UNCHANGED, CLOSED) and current.state != STATES_AFTER[after.state]:
        wanted = STATES_AFTER[after.state]
        return f"it is {current.state}, not {wanted} after step {after.seq} of {_place(facts, after)}"
    return None


def _place(facts: Facts, step: _Step) -> str:
    return place(facts.events.name, step.at)


def _too_much(report: HopReport, facts: Facts, case: int, why: str) -> None:
    """Reports a live value of a case that is not open, unless it came after the end of what was read."""
    current, log = facts.current[case], facts.current_log
    if current.state is not None and log.is_settled(current.at):
        report.unexpected.add(f"case {facts.names.name(case)}", place(log.name, current.at), why)
