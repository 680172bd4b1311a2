"""The two questions of every hop: did each id arrive, and did it arrive once?

In: columns of `facts`. Out: findings in a `HopReport`. Never here: what a hop is.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple

from pipeline.audit.findings import HopReport
from pipeline.audit.logs import Log, place

EXPIRY_MARGIN_MS = 60_000
"""What one step writes to two topics is appended at most a transaction (10 s) or a delivery (60 s) apart."""


class Repeat(NamedTuple):
    """A key that occurs more than once."""

    times: int
    second: int
    """Index of its second occurrence."""


def repeats(keys: Iterable[int]) -> dict[int, Repeat]:
    """Keys that occur more than once, in the order of their second occurrence; -1 is no key."""
    seen: set[int] = set()
    found: dict[int, Repeat] = {}
    for index, key in enumerate(keys):
        if key == -1:
            continue
        if key not in seen:
            seen.add(key)
        elif key in found:
            found[key] = found[key]._replace(times=found[key].times + 1)
        else:
            found[key] = Repeat(2, index)
    return found


def follow(
    report: HopReport,
    log: Log,
    arrived: Container[int],
    name: Callable[[int], str],
    *,
    chosen: Sequence[int] | None = None,
    expired: Callable[[int], bool] = lambda _: False,
    handled: Callable[[int], bool] | None = None,
    unreadable: bool = True,
) -> None:
    """Sorts each distinct id of `log` into out, dead-lettered, expired, not yet or lost; unreadable records too.

    Args:
        report: where it is written.
        log: the hop's input.
        arrived: ids of its output.
        name: an id's name.
        chosen: per record, whether the hop must pass it on (0: no); absent: all.
        expired: whether retention has removed what record number i became.
        handled: whether the output of record number i must be there; absent: when the log's reader says so.
        unreadable: whether this hop answers for the input's unreadable records (one hop of a topic does).
    """
    absent: dict[int, list[int]] = {}
    reached: set[int] = set()
    for index, number in enumerate(log.ids):
        if chosen is not None and not chosen[index]:
            continue
        if number in arrived:
            reached.add(number)
        else:
            absent.setdefault(number, []).append(index)
    report.ids_in += len(reached) + len(absent)
    report.ids_out += len(reached)
    done = handled or (lambda index: log.is_handled(log.positions[index]))
    for number, indexes in absent.items():
        _explain(report, log, name(number), indexes, expired, done)
    if unreadable:
        follow_unreadable(report, log)


def _explain(
    report: HopReport,
    log: Log,
    name: str,
    indexes: Sequence[int],
    expired: Callable[[int], bool],
    handled: Callable[[int], bool],
) -> None:
    letters = log.letters
    for index in indexes:
        if letters.kept(log.positions[index]):
            letter = letters.by_source[log.positions[index]]
            report.dead_lettered.add(name, log.place(index), letter.code)
            return
    altered = [index for index in indexes if log.positions[index] in letters.altered]
    kept = [index for index in indexes if not expired(index)]
    done = [index for index in kept if handled(index)]
    if altered:
        report.lost.add(name, log.place(altered[0]), _altered(log, altered[0]))
    elif not kept:
        report.expired += 1
    elif done:
        report.lost.add(name, log.place(done[0]))
    else:
        report.not_yet.add(name, log.place(kept[0]))


def follow_unreadable(report: HopReport, log: Log) -> None:
    """Each record that the contract does not read must be a dead letter; it has no id but its place."""
    for at, code in log.unreadable:
        report.ids_in += 1
        where = place(log.name, at)
        if log.letters.kept(at):
            report.dead_lettered.add("unreadable record", where, log.letters.by_source[at].code)
        elif at in log.letters.altered:
            report.lost.add("unreadable record", where, f"{code}; {_letter_differs(log, at)}")
        elif log.is_handled(at):
            report.lost.add("unreadable record", where, f"{code}; not in {log.name}.dlq")
        else:
            report.not_yet.add("unreadable record", where, code)


def doubled_letters(report: HopReport, log: Log) -> None:
    """Dead letters of the same record; those of records that are not looked at (other workspaces) do not count."""
    if not log.letters.repeated:
        return
    seen = {*log.positions, *(at for at, _ in log.unreadable)}
    for at, second in log.letters.repeated.items():
        if at not in seen:
            continue
        report.doubled.add("dead letter of " + place(log.name, at), second.place, second.code)


def expired_by(log: Log, source: Log, partition_of: Callable[[int], int]) -> Callable[[int], bool]:
    """Whether what record number i of `source` became has been removed from `log` by retention.

    Args:
        log: the hop's output.
        source: its input.
        partition_of: index of an input record to the partition of its output.
    """

    def removed(index: int) -> bool:
        before_ms = log.removed_before_ms(partition_of(index))
        return before_ms > 0 and source.append_ms[index] < before_ms + EXPIRY_MARGIN_MS

    return removed if log.trimmed else lambda _: False


def _altered(log: Log, index: int) -> str:
    return _letter_differs(log, log.positions[index])


def _letter_differs(log: Log, at: int) -> str:
    return f"the bytes of its dead letter {log.letters.by_source[at].place} differ"
