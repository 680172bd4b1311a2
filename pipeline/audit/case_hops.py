"""The router's hops: each post becomes one step of a case, steps have no gap, and imply assignments and states.

In: `Facts`. Out: one report a hop; all of them are exactly once. Never here: I/O.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from pipeline.audit.facts import AssignmentLog, Current, EventLog, Facts, partition_at, place
from pipeline.audit.findings import HopReport
from pipeline.audit.following import doubled_letters, expired_by, follow, repeats
from pipeline.audit.steps import AFTER, OVER, SAME

_SEQ_BITS = 24
"""A case and a step share one number while they are sorted: 16 million steps a case."""


def actionable_to_events(facts: Facts) -> HopReport:
    """Every actionable post is queued, joined or refused once, or lies in posts.actionable.dlq."""
    report = HopReport("posts.actionable -> cases.events", "exactly once")
    actionable, events, name = facts.actionable, facts.events, facts.names.post_name
    follow(report, actionable, set(events.posts), name)
    # A copy that comes when nobody remembers the first is refused as too old: not a second outcome.
    sure = (-1 if old else post for post, old in zip(events.posts, events.too_old, strict=True))
    for number, repeat in repeats(sure).items():
        report.doubled.add(name(number), events.place(repeat.second), f"{repeat.times} outcomes")
    doubled_letters(report, actionable)
    read = set(actionable.ids)
    for index, number in enumerate(events.posts):
        if number != -1 and number not in read and actionable.holds(events.causes[index]):
            detail = f"its cause {place(actionable.name, events.causes[index])} holds another post or none"
            report.unexpected.add(name(number), events.place(index), detail)
    return report


def events_without_gap(facts: Facts) -> HopReport:
    """Every event_id once, every case's seq from 0 without a gap."""
    report = HopReport("cases.events, seq of each case", "exactly once")
    events, name = facts.events, facts.names.name
    for number, repeat in repeats(events.ids).items():
        report.doubled.add(f"event {name(number)}", events.place(repeat.second), f"{repeat.times} records")
    report.ids_out = len(set(events.ids))
    for case, steps in _cases(events):
        first = steps[0][0]
        if first > 0 and events.removed_before_ms(partition_at(events.positions[steps[0][1]])):
            report.expired += first
            expected = first
        else:
            expected = 0
        for seq, index in steps:
            for lost in range(expected, seq):
                report.missing.add(f"case {name(case)} seq {lost}", f"before {events.place(index)}")
            expected = max(expected, seq + 1)
    report.ids_in = report.ids_out + report.missing.count + report.expired
    return report


def _cases(events: EventLog) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each case with its (seq, index) in order."""
    own = (index for index, seq in enumerate(events.seqs) if seq >= 0)
    order = sorted(own, key=lambda index: events.cases[index] << _SEQ_BITS | events.seqs[index])
    for case, indexes in groupby(order, key=events.cases.__getitem__):
        yield case, [(events.seqs[index], index) for index in indexes]


def events_to_assignments(facts: Facts) -> HopReport:
    """Every step of an offer has its assignment record, every assignment record its step."""
    report = HopReport("cases.events -> assignments", "exactly once")
    events, assignments, name = facts.events, facts.assignments, facts.names.name
    present, wanted = set(assignments.ids), set(events.assignments) - {-1}
    # Both are keyed by the case and have as many partitions.
    expired = expired_by(assignments, events, lambda index: partition_at(events.positions[index]))
    absent: dict[int, int] = {}
    for index, number in enumerate(events.assignments):
        if number != -1 and number not in present:
            absent.setdefault(number, index)
    report.ids_in, report.ids_out = len(wanted), len(wanted & present)
    for number, index in absent.items():
        if expired(index):
            report.expired += 1
        else:
            report.missing.add(name(number), events.place(index), f"not in {assignments.name}")
    for number, repeat in repeats(assignments.ids).items():
        report.doubled.add(name(number), assignments.place(repeat.second), f"{repeat.times} records")
    for index, number in enumerate(assignments.ids):
        partition = partition_at(assignments.positions[index])
        known_since = events.removed_before_ms(partition)
        if number not in wanted and known_since <= assignments.append_ms[index] < facts.snapshot_ms:
            report.unexpected.add(name(number), assignments.place(index), f"no step of it in {events.name}")
    return report


def assignments_to_teams(facts: Facts) -> HopReport:
    """Every assignment record is in its team's topic, and nothing else is."""
    report = HopReport("assignments -> team topics", "exactly once")
    assignments, name = facts.assignments, facts.names.name
    logs = {facts.names.number(log.name): log for log in facts.teams}
    present = {(team, number) for team, log in logs.items() for number in log.ids}
    expired = {
        team: expired_by(log, assignments, lambda index: partition_at(assignments.positions[index]))
        for team, log in logs.items()
    }
    wanted: set[tuple[int, int]] = set()
    for index, pair in enumerate(zip(assignments.teams, assignments.ids, strict=True)):
        if pair in wanted:
            continue
        wanted.add(pair)
        if pair in present:
            report.ids_out += 1
        elif pair[0] in expired and expired[pair[0]](index):
            report.expired += 1
        else:
            report.missing.add(name(pair[1]), assignments.place(index), f"not in {name(pair[0])}")
    report.ids_in = len(wanted)
    for team, log in logs.items():
        _team_extras(report, facts, log, {number for of, number in wanted if of == team})
    return report


def _team_extras(report: HopReport, facts: Facts, log: AssignmentLog, wanted: set[int]) -> None:
    for number, repeat in repeats(log.ids).items():
        report.doubled.add(facts.names.name(number), log.place(repeat.second), f"{repeat.times} records")
    if facts.assignments.trimmed:
        return
    for index, number in enumerate(log.ids):
        if number not in wanted and log.append_ms[index] < facts.snapshot_ms:
            name = facts.names.name(number)
            report.unexpected.add(name, log.place(index), f"not in {facts.assignments.name}")


def events_to_current(facts: Facts) -> HopReport:
    """cases.current holds exactly the cases that are open, each as its last step left it."""
    report = HopReport("cases.events -> cases.current", "exactly once")
    events = facts.events
    known: set[int] = set()
    for case, steps in _cases(events):
        known.add(case)
        seq, last = steps[-1]
        state = next((events.steps[i] for _, i in reversed(steps) if events.steps[i] != SAME), SAME)
        if state != OVER:
            _open_case(report, facts, case, _Last(seq, state, events.place(last)))
        elif case in facts.current:
            _not_open(report, facts, case, f"closed by {events.place(last)}")
    if not events.trimmed:
        for case in facts.current.keys() - known:
            _not_open(report, facts, case, f"no step of it in {events.name}")
    return report


class _Last(NamedTuple):
    """A case's last step: its number, the state code after it, where it lies."""

    seq: int
    state: int
    place: str


def _open_case(report: HopReport, facts: Facts, case: int, last: _Last) -> None:
    report.ids_in += 1
    name, found = f"case {facts.names.name(case)}", facts.current.get(case)
    if found is None:
        report.missing.add(name, last.place, f"open, not in {facts.current_log.name}")
    elif (wrong := _difference(found, last)) is not None:
        report.missing.add(name, place(facts.current_log.name, found.at), f"{wrong} of {last.place}")
    else:
        report.ids_out += 1


def _difference(found: Current, last: _Last) -> str | None:
    if found.seq != last.seq:
        return f"it is at step {found.seq}, not at {last.seq}"
    # Unknown where retention has removed the step that set it.
    if last.state != SAME and found.state != AFTER[last.state]:
        return f"it is {found.state}, not {AFTER[last.state]} after step {last.seq}"
    return None


def _not_open(report: HopReport, facts: Facts, case: int, why: str) -> None:
    found = facts.current[case]
    if found.append_ms < facts.snapshot_ms:
        report.unexpected.add(f"case {facts.names.name(case)}", place(facts.current_log.name, found.at), why)
