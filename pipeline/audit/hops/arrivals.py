"""Answers the two questions of every hop: whether each id arrived, and whether it arrived once.

It reads columns of `facts` and adds findings to a `HopReport`. It does not know what a hop is about.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple

from pipeline.audit.findings import HopReport
from pipeline.audit.logs import Log, place

EXPIRY_MARGIN_MS = 60_000
"""What one step writes to two topics is appended at most one transaction (10 s) or one delivery (60 s) apart."""


class Repeat(NamedTuple):
    """Describes a key that occurs more than once."""

    times: int
    second: int
    """This is the index of its second occurrence."""


def repeats(keys: Iterable[int]) -> dict[int, Repeat]:
    """Returns the keys that occur more than once, by their second occurrence. The value -1 is no key."""
    seen: set[int] = set()
    repeated: dict[int, Repeat] = {}
    for index, key in enumerate(keys):
        if key == -1:
            continue
        if key not in seen:
            seen.add(key)
        elif key in repeated:
            repeated[key] = repeated[key]._replace(times=repeated[key].times + 1)
        else:
            repeated[key] = Repeat(2, index)
    return repeated


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
    """Sorts each distinct id of `log` into out, dead-lettered, expired, not yet or lost. Unreadable records are
    sorted too.

    Args:
        report: receives the counts and findings.
        log: the input of the hop.
        arrived: the ids of its output.
        name: returns the name of an id.
        chosen: for each record whether the hop must pass it on, where 0 means no; absent, all must be passed on.
        expired: whether retention has removed what the record with that index became.
        handled: whether the output of the record with that index must be there; absent, this holds from the moment
            at which the log's reader says so.
        unreadable: whether this hop answers for the unreadable records of the input. One hop of a topic does.
    """
    absent: dict[int, list[int]] = {}
    reached: set[int] = set()
    for index, number in enumerate(log.ids):
        if chosen is not None and not chosen[index]:
            continue
        if number in arrived:
            reached.add(number)
        else:
            # The same id may lie in the log several times, and one record that was handled or dead-lettered
            # decides.
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
    # The order of these questions matters: a dead letter explains an absence, an altered one never does, and only
    # a record that retention left and that the stage passed can be called lost.
    letters = log.letters
    for index in indexes:
        if letters.kept(log.positions[index]):
            letter = letters.by_source[log.positions[index]]
            report.dead_lettered.add(name, log.place(index), letter.code)
            return
    altered = [index for index in indexes if log.positions[index] in letters.altered]
    unexpired = [index for index in indexes if not expired(index)]
    done = [index for index in unexpired if handled(index)]
    if altered:
        report.lost.add(name, log.place(altered[0]), _altered(log, altered[0]))
    elif not unexpired:
        report.expired += 1
    elif done:
        report.lost.add(name, log.place(done[0]))
    else:
        report.not_yet.add(name, log.place(unexpired[0]))


def follow_unreadable(report: HopReport, log: Log) -> None:
    """Requires that each record which does not follow the contract is a dead letter.

    Such a record has no id, so its place names it.
    """
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
    """Reports records that have more than one dead letter.

    Letters of records that are not looked at, because they belong to other workspaces, do not count.
    """
    if not log.letters.repeated:
        return
    seen = {*log.positions, *(at for at, _ in log.unreadable)}
    for at, second in log.letters.repeated.items():
        if at not in seen:
            continue
        report.doubled.add("dead letter of " + place(log.name, at), second.place, second.code)


def expired_by(log: Log, source: Log, partition_of: Callable[[int], int]) -> Callable[[int], bool]:
    """Returns a test of whether retention has removed from `log` what a record of `source` became.

    Args:
        log: the output of the hop.
        source: its input, whose record is given to the test by its index.
        partition_of: returns, for the index of an input record, the partition of its output.
    """

    def removed(index: int) -> bool:
        # The margin forgives a short time between the two appends, which lets a lost record pass as expired for
        # that long.
        before_ms = log.removed_before_ms(partition_of(index))
        return before_ms > 0 and source.append_ms[index] < before_ms + EXPIRY_MARGIN_MS

    return removed if log.trimmed else lambda _: False


def _altered(log: Log, index: int) -> str:
    return _letter_differs(log, log.positions[index])


def _letter_differs(log: Log, at: int) -> str:
    return f"the bytes of its dead letter {log.letters.by_source[at].place} differ"
