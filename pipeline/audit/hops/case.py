"""Judges the hops of the router: each post becomes one step of a case, steps have no gap, and they imply
assignments.

One transaction writes to several topics, and its records become visible in no fixed order. A record is therefore
judged only if its transaction was over before the end of the other topic was taken. All these hops are exactly
once. The state of a case is judged in `current`.
"""

from collections.abc import Iterator
from itertools import groupby

from pipeline.audit.collected import Facts
from pipeline.audit.findings import HopReport
from pipeline.audit.hops.arrivals import doubled_letters, expired_by, follow, repeats
from pipeline.audit.logs import AssignmentLog, EventLog, partition_at, place

_SEQ_BITS = 24
"""A case and a step share one number while they are sorted, which leaves room for 16 million steps a case."""


def actionable_to_events(facts: Facts) -> HopReport:
    """Judges that every actionable post is queued, joined or refused once, or lies in posts.actionable.dlq."""
    report = HopReport("posts.actionable -> cases.events", "exactly once")
    actionable, events, name = facts.actionable, facts.events, facts.names.post_name
    follow(report, actionable, set(events.posts), name)
    # A copy that comes when nobody remembers the first is refused as too old, which is not a second outcome.
    outcomes = (-1 if old else post for post, old in zip(events.posts, events.too_old, strict=True))
    for number, repeat in repeats(outcomes).items():
        report.doubled.add(name(number), events.place(repeat.second), f"{repeat.times} outcomes")
    doubled_letters(report, actionable)
    read_ids = set(actionable.ids)
    for index, number in enumerate(events.posts):
        if number != -1 and number not in read_ids and actionable.holds(events.causes[index]):
            detail = f"its cause {place(actionable.name, events.causes[index])} holds another post or none"
            report.unexpected.add(name(number), events.place(index), detail)
    return report


def events_without_gap(facts: Facts) -> HopReport:
    """Judges that every event_id occurs once, and that the seq of every case counts from 0 without a gap."""
    report = HopReport("cases.events, seq of each case", "exactly once")
    events, name = facts.events, facts.names.name
    for number, repeat in repeats(events.ids).items():
        report.doubled.add(f"event {name(number)}", events.place(repeat.second), f"{repeat.times} records")
    report.ids_out = len(set(events.ids))
    for case, steps in cases_of(events):
        first = steps[0][0]
        # Retention removes the first steps of a long case. Their absence is a loss only if nothing was removed
        # there.
        if first > 0 and events.removed_before_ms(partition_at(events.positions[steps[0][1]])):
            report.expired += first
            expected = first
        else:
            expected = 0
        for seq, index in steps:
            for lost in range(expected, seq):
                report.lost.add(f"case {name(case)} seq {lost}", f"before {events.place(index)}")
            expected = max(expected, seq + 1)
    report.ids_in = report.ids_out + report.lost.count + report.expired
    return report


def cases_of(events: EventLog) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yields each case with its pairs of seq and index, in order."""
    own = (index for index, seq in enumerate(events.seqs) if seq >= 0)
    order = sorted(own, key=lambda index: events.cases[index] << _SEQ_BITS | events.seqs[index])
    for case, indexes in groupby(order, key=events.cases.__getitem__):
        yield case, [(events.seqs[index], index) for index in indexes]


def events_to_assignments(facts: Facts) -> HopReport:
    """Judges that every step of an offer has its assignment record, and every assignment record its step."""
    report = HopReport("cases.events -> assignments", "exactly once")
    events, assignments, name = facts.events, facts.assignments, facts.names.name
    present, wanted = set(assignments.ids), set(events.assignments) - {-1}
    # Both topics are keyed by the case and have as many partitions.
    expired = expired_by(assignments, events, lambda index: partition_at(events.positions[index]))
    absent: dict[int, int] = {}
    for index, number in enumerate(events.assignments):
        if number != -1 and number not in present:
            absent.setdefault(number, index)
    report.ids_in, report.ids_out = len(wanted), len(wanted & present)
    for number, index in absent.items():
        if expired(index):
            report.expired += 1
        elif events.is_settled(events.positions[index]):
            report.lost.add(name(number), events.place(index), f"not in {assignments.name}")
        else:
            report.not_yet.add(name(number), events.place(index))
    for number, repeat in repeats(assignments.ids).items():
        report.doubled.add(name(number), assignments.place(repeat.second), f"{repeat.times} records")
    for index, number in enumerate(assignments.ids):
        at = assignments.positions[index]
        # The step of an old assignment record may have been removed, and then its absence proves nothing.
        step_is_kept = events.removed_before_ms(partition_at(at)) <= assignments.append_ms[index]
        # A record that says what is new goes with the step of the first one in its state.
        if assignments.firsts[index] not in wanted and step_is_kept and assignments.is_settled(at):
            report.unexpected.add(name(number), assignments.place(index), f"no step of it in {events.name}")
    return report


def assignments_to_teams(facts: Facts) -> HopReport:
    """Judges that every assignment record is in the topic of its team, and that teams' topics hold nothing else.

    A team whose rep has the case of another team has a copy too, of which the record does not tell.
    """
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
        elif assignments.is_settled(assignments.positions[index]):
            report.lost.add(name(pair[1]), assignments.place(index), f"not in {name(pair[0])}")
        else:
            report.not_yet.add(name(pair[1]), assignments.place(index))
    report.ids_in = len(wanted)
    known = set(assignments.ids)
    for log in logs.values():
        _team_extras(report, facts, log, known)
    return report


def _team_extras(report: HopReport, facts: Facts, log: AssignmentLog, known: set[int]) -> None:
    for number, repeat in repeats(log.ids).items():
        report.doubled.add(facts.names.name(number), log.place(repeat.second), f"{repeat.times} records")
    # Retention may have removed the counterpart in `assignments`, and then its absence proves nothing.
    if facts.assignments.trimmed:
        return
    for index, number in enumerate(log.ids):
        if number not in known and log.is_settled(log.positions[index]):
            name = facts.names.name(number)
            report.unexpected.add(name, log.place(index), f"not in {facts.assignments.name}")
