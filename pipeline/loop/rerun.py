"""Decides recorded transactions again, from their journal entries and the same input records.

It begins with the state of some moment and follows the journal from there. Outputs and changes of the state come
out byte for byte as they were, which the digest of each entry proves.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from pipeline.errors import EarshotError, Permanent
from pipeline.loop.draft import digest_of
from pipeline.loop.now import time_of
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord
from schemas.cases.journal import JournalEntry

ALL = 2**31
"""A limit for timers that nothing reaches: an entry tells how many fired."""
BY_THE_LOOP = frozenset({"wrong_partition", "undeliverable"})
"""Codes of records that the loop gave up. The core never saw them."""


class ReplayDiffers(EarshotError):
    """The same transaction was decided differently, or cannot be decided here."""


class Replay:
    """Plays the journal of one partition number.

    Args:
        decider: the stage's core, with the state of the moment before the first entry.
        contents: returns a policy as it was published, by its digest.
        configuration: of the core; it must be the one under which the entries were decided.
        event_clock: whether a record's own time counts.
    """

    def __init__(
        self, decider: Decider, contents: Callable[[str], bytes], configuration: str, *, event_clock: bool = False
    ) -> None:
        self._decider = decider
        self._contents = contents
        self._configuration = configuration
        self._event_clock = decider if event_clock else None
        self._is_live: bool | None = None
        """None before the first entry."""

    def play(self, entry: JournalEntry, records: Sequence[InputRecord]) -> Decisions:
        """Decides one transaction again.

        Args:
            entry: its journal entry.
            records: the records of `entry.inputs`, in any order.

        Raises:
            ReplayDiffers: records are missing, the configuration is another one, or the digest differs.
        """
        if entry.configuration != self._configuration:
            raise ReplayDiffers(
                f"{_place(entry)} was decided under another configuration ({entry.configuration}), not under "
                f"{self._configuration}"
            )
        self._come_to(entry.live, entry.started_ms)
        for taken in entry.policies:
            content = None if taken.digest is None else self._contents(taken.digest)
            self._decider.take_policy(taken.workspace, content, entry.started_ms)
        if entry.parked:
            self._decider.park_timer(entry.now_ms)
        fired = self._decide(entry, _merged(entry, records))
        if entry.clock:
            self._decider.fire_timers(entry.now_ms, entry.timers_fired - fired)
        if entry.edge_limit is not None:
            self._decider.set_live(True, entry.now_ms, entry.edge_limit)
        self._is_live = entry.live_after
        decisions = self._decider.decisions()
        if digest_of(decisions) != entry.digest:
            raise ReplayDiffers(f"{_place(entry)} is decided differently now")
        self._decider.commit()
        return decisions

    def _come_to(self, live: bool, now_ms: int) -> None:
        if live == self._is_live:
            return
        # Here a replay begins amid a loop that was live. All that could be handed out had been.
        self._decider.set_live(live, now_ms, ALL)

    def _decide(self, entry: JournalEntry, records: Sequence[InputRecord]) -> int:
        """Decides the records and the timers before them. Returns how many timers fired."""
        fired, now_ms = 0, entry.started_ms
        given_up = {index for index, code in entry.verdicts if code in BY_THE_LOOP}
        wrong = {index for index, code in entry.verdicts if code == "wrong_partition"}
        for index, record in enumerate(records):
            if index not in wrong:
                now_ms = max(now_ms, time_of(record, self._event_clock, entry.bound_ms, now_ms))
                due_ms = self._decider.next_timer_ms()
                if due_ms is not None and due_ms < now_ms:
                    fired += self._decider.fire_timers(now_ms - 1, ALL)
            if index not in given_up:
                # The core gives up what it gave up before.
                with suppress(Permanent):
                    self._decider.decide(record, now_ms)
        return fired


def _merged(entry: JournalEntry, records: Sequence[InputRecord]) -> list[InputRecord]:
    by_topic = {
        part.topic: sorted(
            (
                record
                for record in records
                if record.topic == part.topic and part.first <= record.offset < part.next
            ),
            key=lambda record: record.offset,
        )
        for part in entry.inputs
    }
    needed = dict.fromkeys(by_topic, 0)
    merged: list[InputRecord] = []
    for index, count in entry.merged:
        topic = entry.inputs[index].topic
        merged += by_topic[topic][needed[topic] : needed[topic] + count]
        needed[topic] += count
    for topic, count in needed.items():
        if len(by_topic[topic]) != count:
            raise ReplayDiffers(
                f"{_place(entry)} needs {count} records of {topic}, and {len(by_topic[topic])} are given"
            )
    return merged


def _place(entry: JournalEntry) -> str:
    return f"the transaction of {entry.stage}/{entry.partition} at {entry.now_ms}"
