"""The hop into `cases.current`: it holds exactly the cases that are open, each as its last step left it.

It is at least where the case stood when the audit began, and may be some steps ahead of what was read of
`cases.events`. In: `Facts`. Out: one report, exactly once. Never here: I/O.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.audit.facts import CurrentCase, Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.case import cases_of
from pipeline.audit.hops.steps import AFTER, OVER, SAME
from pipeline.audit.logs import place


class _Step(NamedTuple):
    """A step of a case: its number, the state code after it (SAME where retention has removed it), its place."""

    seq: int
    state: int
    at: int


def events_to_current(facts: Facts) -> HopReport:
    """cases.current holds exactly the cases that are open, each as its last step left it."""
    report = HopReport("cases.events -> cases.current", "exactly once")
    events = facts.events
    known: set[int] = set()
    for case, numbered in cases_of(events):
        known.add(case)
        steps = _steps(facts, numbered)
        sure = next((step for step in reversed(steps) if events.is_settled(step.at)), None)
        if sure is not None:
            _judge(report, facts, case, steps, sure)
    if not events.trimmed:
        for case in facts.current.keys() - known:
            _too_much(report, facts, case, f"no step of it in {events.name}")
    return report


def _steps(facts: Facts, numbered: Sequence[tuple[int, int]]) -> list[_Step]:
    made, state = list[_Step](), SAME
    for seq, index in numbered:
        code = facts.events.steps[index]
        state = state if code == SAME else code
        made.append(_Step(seq, state, facts.events.positions[index]))
    return made


def _judge(report: HopReport, facts: Facts, case: int, steps: Sequence[_Step], sure: _Step) -> None:
    """One case, by its step `sure`, which must have arrived, and by those after it, which may have."""
    found, last = facts.current.get(case), steps[-1]
    if sure.state == OVER:
        if found is not None and found.state is not None:
            _too_much(report, facts, case, f"closed by {_place(facts, sure)}")
        return
    if last.state == OVER and (found is None or found.state is None):
        return
    report.ids_in += 1
    wrong = _difference(facts, found, steps, sure)
    if wrong is None:
        report.ids_out += 1
        return
    where = _place(facts, sure) if found is None else place(facts.current_log.name, found.at)
    report.lost.add(f"case {facts.names.name(case)}", where, wrong)


def _difference(facts: Facts, found: CurrentCase | None, steps: Sequence[_Step], sure: _Step) -> str | None:
    if found is None:
        return f"open, not in {facts.current_log.name}"
    last, later = steps[-1], not facts.current_log.is_settled(found.at)
    if found.state is None:
        return None if later else f"it is over, but open after {_place(facts, last)}"
    if found.seq > last.seq and later:
        return None  # a step that came after the end of what was read
    if not sure.seq <= found.seq <= last.seq:
        return f"it is at step {found.seq}, not at {sure.seq} of {_place(facts, sure)}"
    after = next(step for step in reversed(steps) if step.seq <= found.seq)
    if after.state not in (SAME, OVER) and found.state != AFTER[after.state]:
        return f"it is {found.state}, not {AFTER[after.state]} after step {after.seq} of {_place(facts, after)}"
    return None


def _place(facts: Facts, step: _Step) -> str:
    return place(facts.events.name, step.at)


def _too_much(report: HopReport, facts: Facts, case: int, why: str) -> None:
    """A live value of a case that is not open, unless it came after the end of what was read."""
    found, log = facts.current[case], facts.current_log
    if found.state is not None and log.is_settled(found.at):
        report.unexpected.add(f"case {facts.names.name(case)}", place(log.name, found.at), why)
