"""The batch loop: consume, announce the batch in a commit, hand it over, go on. Rows count once, whatever dies.

In: topics and a consumer group. Out: batches of consecutive records of one partition, each with a token that names
exactly them; the same batch comes again, cut the same, until it is stored (clickhouse.md 1.4). One commit a batch
acknowledges the past and announces the next end. Never here: what a record means, a skipped record.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.batch.lane import FIRST_DELAY_S, Buffer, Lane
from pipeline.adapters.kafka.batch.offsets import KAFKA_TIMEOUT_S, encode_intent, start_of, token_prefixes
from pipeline.adapters.kafka.committed import committed_offsets
from pipeline.adapters.kafka.config import client_config, member_config
from pipeline.adapters.kafka.messages import error_of, input_record
from pipeline.errors import EarshotError, MustRestart, Permanent, Transient
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.records import InputRecord
from pipeline.settings import KafkaSettings
from pipeline.stages import group_of

POLL_RECORDS = 2000
LONGEST_POLL_S = 0.1
"""`consume` waits this long for a full poll: the most that it adds to a record's way."""
GAUGE_INTERVAL_S = 5.0
MAX_POLL_INTERVAL_MS = 300_000
"""An insert may take 60 s and dead letters 35 s; between two batches there is always a poll."""


class Handler(Protocol):
    """Stores batches; `pipeline.sink.agent.SinkAgent` is one."""

    def handle(self, records: Sequence[InputRecord], token: str) -> None:
        """Returns when all are stored; raises Transient or Permanent to get the same batch again."""
        ...


@dataclass(frozen=True)
class LoopSpec:
    """What the loop reads and how it cuts.

    `make_buffer` gets the first offset that is not stored and the end that was announced before, if any.
    """

    stage: str
    topics: Sequence[str]
    make_buffer: Callable[[int, int | None], Buffer]

    @property
    def group(self) -> str:
        """The consumer group."""
        return group_of(self.stage)


class BatchConsumer:
    """Runs a handler over topics.

    Args:
        kafka: resolved.
        spec: what it reads.
        handler: stores a batch.
        metrics: of this process.
        log: of this stage.
        between: called once a round, about ten times a second unless a batch takes longer.
        monotonic_s: for tests.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        spec: LoopSpec,
        handler: Handler,
        *,
        metrics: Metrics,
        log: Log,
        between: Callable[[], None] = lambda: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._handler = handler
        self._metrics = metrics
        self._log = log
        self._between = between
        self._monotonic_s = monotonic_s
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._member = False
        self._failure: Exception | None = None
        self._gauges_at_s = 0.0
        self._acknowledge_at_s = 0.0
        self._admin = AdminClient(client_config(kafka))
        self._consumer = Consumer(
            member_config(kafka, spec.group)
            | {
                # The first start is decided in `_assigned`, explicitly: later, a lost offset must be an error.
                "auto.offset.reset": "error",
                "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
                "queued.max.messages.kbytes": 16_384,
            }
        )

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether everything that it owns is being stored, or why not; other threads may ask."""
        lanes = list(self._lanes.values())
        if not self._member:
            return False, "not yet a member of the group"
        if not lanes:
            return True, "ok, a spare: other workers own all partitions"
        stuck = sum(lane.failures > 0 for lane in lanes)
        return (False, f"{stuck} partitions wait for the store") if stuck else (True, "ok")

    def run(self, stopping: Callable[[], bool]) -> None:
        """Works until `stopping()`; then acknowledges what is stored and leaves the group.

        Raises:
            ServiceMissing: no broker answers.
            Misconfigured: a topic is missing, or records were deleted before they were stored.
            MustRestart: Kafka says that this member cannot go on; end the process, do not clean up.
        """
        token_prefixes(self._admin, self._spec.topics)
        self._consumer.subscribe(
            list(self._spec.topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        try:
            while not stopping():
                self._round()
            self._acknowledge(self._lanes.values())
        except MustRestart:
            raise
        except BaseException:
            self._lanes.clear()
            self._consumer.close()
            raise
        self._consumer.close()

    def _round(self) -> None:
        messages = self._consumer.consume(POLL_RECORDS, timeout=self._poll_s())
        if self._failure is not None:
            # Said during the rebalance within the poll: it explains whatever error came along with it.
            raise self._failure
        self._take(messages)
        now_s = self._monotonic_s()
        due = [lane for lane in self._lanes.values() if lane.due_in_s(now_s) == 0.0]
        if due:
            # One batch a round, the longest neglected partition first: between any two batches there is a poll.
            self._store(min(due, key=lambda lane: lane.served_at_s))
        self._acknowledge(lane for lane in self._lanes.values() if not lane.buffer.waiting)
        self._regulate()
        self._gauges(now_s)
        self._between()

    def _poll_s(self) -> float:
        now_s = self._monotonic_s()
        waits = [due_s for lane in self._lanes.values() if (due_s := lane.due_in_s(now_s)) is not None]
        return min([LONGEST_POLL_S, *waits])

    def _take(self, messages: Iterable[Message]) -> None:
        now_s = self._monotonic_s()
        for message in messages:
            lane = self._lanes.get((message.topic(), message.partition()))
            error = error_of(message)
            if error is not None:
                self._complain(error)
            elif lane is not None and message.error() is None:
                lane.buffer.add(input_record(message), now_s)
            elif lane is not None:
                lane.buffer.passed(message.offset())

    def _complain(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise MustRestart(f"{self._spec.group}: {error.str()}")
        self._metrics.count("errors_total", stage=self._spec.stage, code=error.name().lower())
        self._log.warning("kafka_error", code=error.name(), detail=error.str())

    def _store(self, lane: Lane) -> None:
        lane.served_at_s = self._monotonic_s()
        cut = lane.buffer.next_cut(lane.served_at_s)
        assert cut is not None, "the lane was due"
        try:
            if lane.announced != cut.end or lane.acknowledged != cut.start:
                # Before the insert: whoever comes after a crash must cut exactly here, under the same token.
                self._commit([_commit_of(lane, encode_intent(cut.end))])
                lane.acknowledged, lane.announced = cut.start, cut.end
            if cut.records:
                self._handler.handle(cut.records, lane.token(cut))
        except (Transient, Permanent) as error:
            self._failed(lane, error)
            return
        now_s = self._monotonic_s()
        self._metrics.observe("batch_seconds", now_s - lane.served_at_s, stage=self._spec.stage, step="store")
        if lane.failures:
            self._log.info(
                "batch_stored_again", topic=lane.topic, partition=lane.partition, tries=lane.failures + 1
            )
        lane.stored(now_s)

    def _failed(self, lane: Lane, error: EarshotError) -> None:
        delay_s = lane.failed(self._monotonic_s())
        code = error.code if isinstance(error, Permanent) else "transient"
        self._metrics.count("errors_total", stage=self._spec.stage, code=code)
        self._log.error(
            "batch_not_stored", topic=lane.topic, partition=lane.partition, offset=lane.buffer.start,
            tries=lane.failures, next_try_s=delay_s, error=str(error),
        )  # fmt: skip

    def _acknowledge(self, lanes: Iterable[Lane]) -> None:
        """Commits what is stored and not yet acknowledged; a failure only means that it is stored again."""
        behind = [lane for lane in lanes if lane.acknowledged < lane.buffer.start]
        if not behind or self._monotonic_s() < self._acknowledge_at_s:
            return
        try:
            self._commit([_commit_of(lane) for lane in behind])
        except Transient as error:
            self._acknowledge_at_s = self._monotonic_s() + FIRST_DELAY_S
            self._log.warning("not_acknowledged", error=str(error))
            return
        for lane in behind:
            lane.acknowledged, lane.announced = lane.buffer.start, None

    def _commit(self, offsets: list[Any]) -> None:
        try:
            done = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            raise Transient(f"commit: {error.args[0].str()}") from None
        refused = next((part.error for part in done or () if part.error is not None), None)
        if refused is not None:
            raise Transient(f"commit: {refused.str()}")

    def _assigned(self, consumer: Consumer, partitions: list[Any]) -> None:
        # An exception must not cross librdkafka: it is raised again after the poll.
        try:
            prefixes = token_prefixes(self._admin, self._spec.topics)
            for part in committed_offsets(consumer, partitions, KAFKA_TIMEOUT_S) if partitions else ():
                low, high = consumer.get_watermark_offsets(part, timeout=KAFKA_TIMEOUT_S)
                where = f"{part.topic}[{part.partition}] of group {self._spec.group}"
                start = start_of(where, part.offset, part.metadata, low, high)
                buffer = self._spec.make_buffer(start.offset, start.intended_end)
                self._lanes[part.topic, part.partition] = Lane(
                    part.topic,
                    part.partition,
                    f"{prefixes[part.topic]}/{part.partition}",
                    buffer,
                    start.offset,
                    start.intended_end,
                )
            starts = [TopicPartition(*key, lane.buffer.start) for key, lane in self._lanes.items()]
            consumer.assign(starts)
            # librdkafka remembers a pause beyond the revocation: unasked, the partition would stay silent.
            if starts:
                consumer.resume(starts)
            self._member = True
        except KafkaException as error:
            self._failure = MustRestart(f"taking over partitions: {error.args[0].str()}")
        except EarshotError as error:
            self._failure = error
        else:
            self._log.info("assigned", partitions=[f"{topic}[{number}]" for topic, number in self._lanes])

    def _revoked(self, _consumer: Consumer, _partitions: list[Any]) -> None:
        # What was read and not stored is dropped: its next owner reads it again, from the announced cut on.
        self._acknowledge(self._lanes.values())
        self._member = False
        self._lanes.clear()

    def _lost(self, _consumer: Consumer, _partitions: list[Any]) -> None:
        self._log.warning("partitions_lost", partitions=len(self._lanes))
        self._member = False
        self._lanes.clear()

    def _regulate(self) -> None:
        """Stops reading partitions whose buffers are full, and goes on when there is room."""
        for (topic, number), lane in self._lanes.items():
            if lane.buffer.full != lane.paused:
                lane.paused = lane.buffer.full
                turn = self._consumer.pause if lane.paused else self._consumer.resume
                turn([TopicPartition(topic, number)])

    def _gauges(self, now_s: float) -> None:
        if now_s < self._gauges_at_s:
            return
        self._gauges_at_s = now_s + GAUGE_INTERVAL_S
        for (topic, number), lane in self._lanes.items():
            _, high = self._consumer.get_watermark_offsets(TopicPartition(topic, number), cached=True)
            # Counted, not subtracted: among the offsets that were read lie transaction markers, no records.
            lag = lane.buffer.waiting + max(0, high - lane.buffer.read_to)
            self._metrics.set("lag_records", lag, stage=self._spec.stage, topic=topic, partition=str(number))


def _commit_of(lane: Lane, metadata: str = "") -> Any:
    return TopicPartition(lane.topic, lane.partition, lane.buffer.start, metadata=metadata)
