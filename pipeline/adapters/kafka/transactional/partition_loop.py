"""Everything that is owned with one partition number: its producer, its decider, its inputs, its time.

`now` is the largest record time decided so far. It follows the clock only while every input is read to its end,
and no timer fires before the broker has confirmed that nothing older is unread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline.adapters.kafka.transactional.observer import LoopObserver, Outcome
from pipeline.adapters.kafka.transactional.producer import TransactionalProducer
from pipeline.errors import MustRestart, Permanent
from pipeline.loop.merge import InputBuffers
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.decider import Decider, Decisions
from pipeline.ports.records import InputRecord, Record
from schemas.cases.journal import InputRange, JournalEntry

NOW_KEY = b"loop/now"
"""Changelog key under which the loop keeps `now`, so that a restart never goes back in time."""
FUTURE_TOLERANCE_MS = 24 * 3_600_000
"""The same as enrich grants a post: nothing is replayed from more than a day ahead."""


@dataclass(frozen=True)
class AgentSpec:
    """What one transactional agent reads and writes."""

    stage: str
    inputs: tuple[str, ...]
    changelog: str
    journal: str
    event_clock: bool = False
    batch_size: int = 2000


class Owned:
    """One partition number. Not thread-safe: one thread polls and runs it.

    Args:
        spec: what it reads and writes.
        partition: the number.
        producer: initialised.
        decider: the core, empty.
        ends: asks the broker where the inputs end now.
        partition_error: what is wrong with a record's partition, if anything.
        observer: told about each transaction.
    """

    def __init__(
        self,
        spec: AgentSpec,
        partition: int,
        producer: TransactionalProducer,
        decider: Decider,
        ends: Callable[[Sequence[TopicPartition]], Mapping[str, int]],
        partition_error: Callable[[InputRecord], Permanent | None],
        observer: LoopObserver,
    ) -> None:
        self.spec = spec
        self.partition = partition
        self.decider = decider
        self.now_ms = 0
        self.restored = False
        """Its state is the truth, and its inputs are read from their positions on."""
        self.written_to: int | None = None
        """End of the changelog that the state reflects, markers included; None while that is unknown."""
        self.buffers = InputBuffers(spec.inputs, self.time_of)
        self.producer = producer
        self._ends = ends
        self._partition_error = partition_error
        self._observer = observer
        self._now_at: int | None = None

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one entry of the changelog; entries arrive in changelog order."""
        if key == NOW_KEY:
            self.now_ms = int(value or 0)
        else:
            self.decider.restore(key, value)

    def time_of(self, record: InputRecord) -> int:
        """The time that a record counts at: its append time, or its own on the event clock."""
        if not self.spec.event_clock:
            return record.append_ms
        own = self.decider.event_ms(record)
        # A wrong date must not drag `now`, which never goes back, into the far future.
        return self.now_ms if own is None or own > record.append_ms + FUTURE_TOLERANCE_MS else own

    def run(self, clock_ms: int, membership: object) -> Outcome | None:
        """One transaction over what is ready; None when there was nothing to do.

        Args:
            clock_ms: the wall clock, milliseconds.
            membership: of the assignment that gave this number to us; the group refuses offsets of an older one.

        Raises:
            MustRestart: the producer is fenced or broken; nothing of this transaction is visible.
        """
        if not self.restored or self.producer.in_doubt():
            return None
        records = self.buffers.take(self.spec.batch_size)
        following = not records and not self.spec.event_clock and self._clock_may_fire(clock_ms)
        if not records and not following:
            return None
        started_ms = self.now_ms
        decided, timers, failed = self._decide(records)
        if decided < len(records):
            # The rest waits: a timer is due before it and an input has unread records.
            self.buffers.put_back(records[decided:])
            records = records[:decided]
            if not records:
                return None
        if following:
            self.now_ms = max(self.now_ms, clock_ms)
            timers += self.decider.fire_timers(self.now_ms)
        decisions = self.decider.decisions()
        entry = self._journal(records, started_ms, following, timers, len(failed), decisions)
        try:
            self._transact(decisions, failed, entry, membership)
        except KafkaException as error:
            self._abort_or_die(error)
            self.decider.abort()
            self.now_ms = started_ms
            self.buffers.put_back(records)
            self._observer.aborted(self.partition, error.args[0].str())
            return None
        # The record of `now` is the transaction's last in the changelog; the commit marker stands behind it.
        self.written_to = None if self._now_at is None else self._now_at + 2
        self.decider.commit()
        counts = {topic: len(list(group)) for topic, group in groupby(sorted(o.topic for o in decisions.outputs))}
        outcome = Outcome(records, counts, timers, failed, self.now_ms)
        self._observer.committed(self.partition, outcome)
        return outcome

    def _decide(self, records: Sequence[InputRecord]) -> tuple[int, int, list[DeadLetter]]:
        timers, at_end = 0, set[str]()
        failed: list[DeadLetter] = []
        for index, record in enumerate(records):
            time_ms = max(self.now_ms, self.time_of(record))
            due = self.decider.next_timer_ms()
            if due is not None and due < time_ms:
                if not self._nothing_older_is_unread(time_ms, at_end):
                    return index, timers, failed
                timers += self.decider.fire_timers(time_ms - 1)
            self.now_ms = time_ms
            try:
                wrong = self._partition_error(record)
                if wrong is not None:
                    raise wrong
                self.decider.decide(record, time_ms)
            except Permanent as error:
                failed.append(DeadLetter(record, error))
        return len(records), timers, failed

    def _clock_may_fire(self, clock_ms: int) -> bool:
        due = self.decider.next_timer_ms()
        return due is not None and due <= clock_ms and self.buffers.drained and self._are_at_end(self.spec.inputs)

    def _nothing_older_is_unread(self, time_ms: int, at_end: set[str]) -> bool:
        """Whether every record that counts before `time_ms` was read, so that a timer before it may fire.

        Append times of a partition do not fall. So only an input whose last record that was read is older leaves a
        doubt; the others need no question, and a busy one would never be at its end when it is asked. On the event
        clock a record's own time counts, which may fall, so every input is asked.

        Args:
            time_ms: of the record that is decided next.
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
        return not self.spec.event_clock and last_ms is not None and last_ms >= time_ms

    def _are_at_end(self, topics: Sequence[str]) -> bool:
        """Asks the broker, now: have these inputs been read to their end?"""
        ends = self._ends([TopicPartition(topic, self.partition) for topic in topics])
        return all(ends[topic] <= self.buffers.read_to(topic) for topic in topics)

    def _transact(
        self,
        decisions: Decisions,
        failed: Sequence[DeadLetter],
        entry: JournalEntry,
        membership: object,
    ) -> None:
        spec, n, produce = self.spec, self.partition, self.producer.produce
        self.written_to = self._now_at = None
        self.producer.begin()
        for output in decisions.outputs:
            produce(output)
        for key, value in decisions.changes.items():
            produce(Record(spec.changelog, key, value), n)
        now = Record(spec.changelog, NOW_KEY, str(self.now_ms).encode())
        produce(now, n, delivered_at=self._now_is_at)
        for letter in failed:
            produce(letter.to_send(spec.stage, self.now_ms))
        produce(Record(spec.journal, None, entry.model_dump_json().encode()), n)
        positions = [TopicPartition(topic, n, offset) for topic, offset in self.buffers.positions().items()]
        self.producer.commit(positions, membership)

    def _now_is_at(self, offset: int) -> None:
        self._now_at = offset

    def _abort_or_die(self, error: KafkaException) -> None:
        cause: KafkaError = error.args[0]
        if not cause.txn_requires_abort():
            raise MustRestart(f"{self.spec.stage}/{self.partition}: {cause.name()}: {cause.str()}") from error
        try:
            self.producer.abort()
        except KafkaException as again:
            raise MustRestart(
                f"{self.spec.stage}/{self.partition}: abort failed: {again.args[0].str()}"
            ) from again

    def _journal(
        self,
        records: Sequence[InputRecord],
        started_ms: int,
        clock: bool,
        timers: int,
        dead_letters: int,
        decisions: Decisions,
    ) -> JournalEntry:
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        for record in records:
            first.setdefault(record.topic, record.offset)
            last[record.topic] = record.offset
        topics = sorted(first)
        return JournalEntry(
            stage=self.spec.stage,
            partition=self.partition,
            inputs=tuple(
                InputRange(topic=topic, partition=self.partition, first=first[topic], next=last[topic] + 1)
                for topic in topics
            ),
            merged=tuple(
                (topics.index(topic), len(list(run))) for topic, run in groupby(record.topic for record in records)
            ),
            started_ms=started_ms,
            now_ms=self.now_ms,
            clock=clock,
            timers_fired=timers,
            dead_letters=dead_letters,
            policy_versions=dict(self.decider.policy_versions()),
            outputs=len(decisions.outputs),
        )
