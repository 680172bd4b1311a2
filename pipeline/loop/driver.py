"""Decides the transactions of one partition number: which records, at which time, and which timers before them.

The stage's time is `now`: the largest time of a record decided so far. It follows the wall clock only while every
input is read to its end, and no timer fires before the broker has confirmed that nothing older is unread. Without
that question a timer due at 12:00 could fire before an unread record of 11:59 that would have stopped it, and the
decisions would depend on how fast each input was fetched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import Permanent
from pipeline.loop.journal import journal_entry
from pipeline.loop.merge import InputBuffers
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord
from schemas.cases.journal import JournalEntry

NOW_KEY = b"loop/now"
"""Changelog key under which the loop keeps `now`, so that a restart never goes back in time."""
MOST_TIMERS = 10**9
FUTURE_TOLERANCE_MS = 24 * 3_600_000
"""The same as enrich grants a post: nothing is replayed from more than a day ahead."""

PartitionError = Callable[[InputRecord], Permanent | None]
"""Says what is wrong with the partition that a record lies in; None: nothing."""
EndOffsets = Callable[[Sequence[str]], Mapping[str, int]]
"""Asks the broker where these inputs end now: topic to offset."""


@dataclass(frozen=True)
class StageSpec:
    """What a transactional stage reads and writes."""

    stage: str
    inputs: tuple[str, ...]
    changelog: str
    journal: str
    event_clock: bool = False
    """A record's own time counts, as in demos and replays; otherwise its append time does."""
    batch_size: int = 2000
    """Most records of one transaction."""


@dataclass(frozen=True)
class Transaction:
    """One transaction that is decided and not yet committed."""

    records: Sequence[InputRecord]
    """The input records that it decided, in merged order."""
    dead_letters: Sequence[DeadLetter]
    """Those of them that are given up."""
    timers: int
    """Number of timers that fired."""
    started_ms: int
    """The stage's `now` before it, milliseconds since the epoch."""
    now_ms: int
    """The stage's `now` at its end."""
    decisions: Decisions
    journal: JournalEntry


class Driver:
    """The loop's rules for one partition number.

    Between `decide` and the `commit` or `abort` that answers it, call nothing else.

    Args:
        spec: what the stage reads and writes.
        partition: the number.
        decider: the stage's core, empty.
        partition_error: a record that lies in a wrong partition is given up undecided.
        end_offsets: asked before a timer may fire.
    """

    def __init__(
        self,
        spec: StageSpec,
        partition: int,
        decider: Decider,
        partition_error: PartitionError,
        end_offsets: EndOffsets,
    ) -> None:
        self.decider = decider
        self.now_ms = 0
        self.buffers = InputBuffers(spec.inputs, self.time_of)
        self._spec = spec
        self._partition = partition
        self._partition_error = partition_error
        self._end_offsets = end_offsets

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one entry of the changelog. Entries arrive in changelog order, before the first record."""
        if key == NOW_KEY:
            self.now_ms = int(value or 0)
        else:
            self.decider.restore(key, value)

    def time_of(self, record: InputRecord) -> int:
        """Returns the time that a record counts at: its append time, or its own on the event clock."""
        if not self._spec.event_clock:
            return record.append_ms
        own_ms = self.decider.event_ms(record)
        # A wrong date must not drag `now`, which never goes back, into the far future.
        return self.now_ms if own_ms is None or own_ms > record.append_ms + FUTURE_TOLERANCE_MS else own_ms

    def decide(self, clock_ms: int) -> Transaction | None:
        """Decides one transaction over what was read; None when nothing can be decided now.

        Args:
            clock_ms: the wall clock, milliseconds since the epoch.
        """
        records: Sequence[InputRecord] = self.buffers.take(self._spec.batch_size)
        follows_clock = not records and not self._spec.event_clock and self._clock_may_fire(clock_ms)
        if not records and not follows_clock:
            return None
        started_ms = self.now_ms
        self.decider.set_live(True, started_ms, MOST_TIMERS)
        count, timers, dead_letters = self._decide_records(records)
        # The rest waits, because a timer is due before it and an input has unread records.
        self.buffers.put_back(records[count:])
        records = records[:count]
        if not records and not follows_clock:
            return None
        if follows_clock:
            self.now_ms = max(self.now_ms, clock_ms)
            timers += self.decider.fire_timers(self.now_ms, MOST_TIMERS)
        decisions = self.decider.decisions()
        entry = journal_entry(
            self._spec.stage,
            self._partition,
            records,
            started_ms=started_ms,
            now_ms=self.now_ms,
            follows_clock=follows_clock,
            timers=timers,
            dead_letters=len(dead_letters),
            outputs=len(decisions.outputs),
        )
        return Transaction(records, dead_letters, timers, started_ms, self.now_ms, decisions, entry)

    def commit(self) -> None:
        """Makes the transaction that `decide` returned the truth."""
        self.decider.commit()

    def abort(self, transaction: Transaction) -> None:
        """Undoes the transaction that `decide` returned: its records are decided again by the next one."""
        self.decider.abort()
        self.now_ms = transaction.started_ms
        self.buffers.put_back(transaction.records)

    def _decide_records(self, records: Sequence[InputRecord]) -> tuple[int, int, list[DeadLetter]]:
        """Returns how many of the records were decided, how many timers fired, and what was given up."""
        timers, at_end = 0, set[str]()
        dead_letters: list[DeadLetter] = []
        for index, record in enumerate(records):
            time_ms = max(self.now_ms, self.time_of(record))
            due_ms = self.decider.next_timer_ms()
            if due_ms is not None and due_ms < time_ms:
                if not self._nothing_older_is_unread(time_ms, at_end):
                    return index, timers, dead_letters
                # A timer due in the record's own millisecond fires after it: an accept that arrives in the last
                # millisecond of its offer counts.
                timers += self.decider.fire_timers(time_ms - 1, MOST_TIMERS)
            self.now_ms = time_ms
            try:
                wrong_partition = self._partition_error(record)
                if wrong_partition is not None:
                    raise wrong_partition
                self.decider.decide(record, time_ms)
            except Permanent as reason:
                dead_letters.append(DeadLetter(record, reason))
        return len(records), timers, dead_letters

    def _clock_may_fire(self, clock_ms: int) -> bool:
        due_ms = self.decider.next_timer_ms()
        if due_ms is None or due_ms > clock_ms or not self.buffers.drained:
            return False
        # Asked last: the question costs an answer of the broker for each input.
        return self._are_at_end(self._spec.inputs)

    def _nothing_older_is_unread(self, time_ms: int, at_end: set[str]) -> bool:
        """Whether every record that counts before `time_ms` was read, so that a timer before it may fire.

        Append times of a partition do not fall. So only an input whose last record that was read is older leaves a
        doubt. The others need no question, and a busy one would never be at its end when it is asked. On the event
        clock a record's own time counts, which may fall, so every input is asked.

        Args:
            time_ms: time of the record that is decided next.
            at_end: inputs that were at their end when they were asked for this batch; grows.
        """
        doubtful = [
            topic for topic in self.buffers.empty_topics()
            if topic not in at_end and not self._is_read_past(topic, time_ms)
        ]  # fmt: skip
        if not self._are_at_end(doubtful):
            return False
        at_end.update(doubtful)
        return True

    def _is_read_past(self, topic: str, time_ms: int) -> bool:
        last_ms = self.buffers.last_append_ms(topic)
        return not self._spec.event_clock and last_ms is not None and last_ms >= time_ms

    def _are_at_end(self, topics: Sequence[str]) -> bool:
        ends = self._end_offsets(topics)
        return all(ends[topic] <= self.buffers.read_to(topic) for topic in topics)
