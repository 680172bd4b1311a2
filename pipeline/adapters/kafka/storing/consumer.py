"""The batch loop: it consumes, announces a batch in a commit, hands it over and goes on.

Rows count once, whatever dies.

A batch holds consecutive records of one partition, and its token names exactly them. The same batch comes
again, cut the same, until it is stored (deploy/decisions/0004-sink-exactness.md). One commit a batch acknowledges
the past and announces the next end. No record is skipped.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.adapters.kafka.committed import committed_offsets
from pipeline.adapters.kafka.config import client_config, member_config
from pipeline.adapters.kafka.messages import error_of, input_record, is_fatal
from pipeline.adapters.kafka.storing.offsets import (
    KAFKA_TIMEOUT_S,
    encode_announced_end,
    resume_point,
    token_prefixes,
)
from pipeline.adapters.kafka.storing.partition import AssignedPartition, Buffer
from pipeline.adapters.kafka.storing.retries import FIRST_DELAY_S
from pipeline.errors import EarshotError, MustRestart, Permanent, Transient
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.records import InputRecord
from pipeline.settings import KafkaSettings
from pipeline.stages import group_of

POLL_RECORDS = 2000
LONGEST_POLL_S = 0.1
"""`consume` waits at most this long for a full poll, which delays a record by no more."""
GAUGE_INTERVAL_S = 5.0
MAX_POLL_INTERVAL_MS = 300_000
"""An insert may take 60 s and dead letters 35 s, and between two batches there is always a poll."""


class Handler(Protocol):
    """Stores batches, as `pipeline.sink.agent.SinkAgent` does."""

    def handle(self, records: Sequence[InputRecord], token: str) -> None:
        """Returns when all are stored. It raises Transient or Permanent to get the same batch again."""
        ...


@dataclass(frozen=True)
class LoopSpec:
    """What the loop reads and how it cuts.

    `make_buffer` receives the first offset that is not stored, and the end that was announced before, if any.
    """

    stage: str
    topics: Sequence[str]
    make_buffer: Callable[[int, int | None], Buffer]

    @property
    def group(self) -> str:
        """The name of the consumer group."""
        return group_of(self.stage)


class BatchConsumer:
    """Runs a handler over topics.

    Args:
        kafka: resolved.
        spec: what it reads.
        handler: stores a batch.
        metrics: the metrics of this process.
        log: the log of this stage.
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
        self._assigned_partitions: dict[tuple[str, int], AssignedPartition] = {}
        self._member = False
        self._failure: Exception | None = None
        self._gauges_at_s = 0.0
        self._acknowledge_at_s = 0.0
        self._admin = AdminClient(client_config(kafka))
        self._consumer = Consumer(
            member_config(kafka, spec.group)
            | {
                # `_assigned` decides where the first start begins. Later a lost offset must be an error, for any
                # other setting would skip records or store all of them again.
                "auto.offset.reset": "error",
                "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
                "queued.max.messages.kbytes": 16_384,
            }
        )

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether everything that it owns is being stored, or why not. Other threads may ask."""
        partitions = list(self._assigned_partitions.values())
        if not self._member:
            return False, "not yet a member of the group"
        if not partitions:
            return True, "ok, a spare: other workers own all partitions"
        stuck = sum(partition.failures > 0 for partition in partitions)
        return (False, f"{stuck} partitions wait for the store") if stuck else (True, "ok")

    def run(self, stopping: Callable[[], bool]) -> None:
        """Works until `stopping()` is true, then acknowledges what is stored and leaves the group.

        Raises:
            ServiceMissing: no broker answers.
            Misconfigured: a topic is missing, or records were deleted before they were stored.
            MustRestart: Kafka says that this member cannot go on. End the process, and do not clean up.
        """
        token_prefixes(self._admin, self._spec.topics)
        self._consumer.subscribe(
            list(self._spec.topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        try:
            while not stopping():
                self._round()
            self._acknowledge(self._assigned_partitions.values())
        except MustRestart:
            raise
        except BaseException:
            self._assigned_partitions.clear()
            self._consumer.close()
            raise
        self._consumer.close()

    def _round(self) -> None:
        messages = self._consumer.consume(POLL_RECORDS, timeout=self._poll_s())
        if self._failure is not None:
            # It was raised during the rebalance within the poll, and explains whatever error came along with it.
            raise self._failure
        self._take(messages)
        now_s = self._monotonic_s()
        due = [partition for partition in self._assigned_partitions.values() if partition.due_in_s(now_s) == 0.0]
        if due:
            # One batch a round, the longest neglected partition first. So between any two batches there is a poll,
            # without which the group would throw this member out.
            self._store(min(due, key=lambda partition: partition.served_at_s))
        self._acknowledge(
            partition for partition in self._assigned_partitions.values() if not partition.buffer.waiting
        )
        self._regulate()
        self._gauges(now_s)
        self._between()

    def _poll_s(self) -> float:
        now_s = self._monotonic_s()
        waits = [
            due_s
            for partition in self._assigned_partitions.values()
            if (due_s := partition.due_in_s(now_s)) is not None
        ]
        return min([LONGEST_POLL_S, *waits])

    def _take(self, messages: Iterable[Message]) -> None:
        now_s = self._monotonic_s()
        for message in messages:
            partition = self._assigned_partitions.get((message.topic(), message.partition()))
            error = error_of(message)
            if error is not None:
                self._complain(error)
            elif partition is not None and message.error() is None:
                partition.buffer.add(input_record(message), now_s)
            elif partition is not None:
                partition.buffer.passed(message.offset())

    def _complain(self, error: KafkaError) -> None:
        if is_fatal(error) or error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise MustRestart(f"{self._spec.group}: {error.str()}")
        self._metrics.count("errors_total", stage=self._spec.stage, code=error.name().lower())
        self._log.warning("kafka_error", code=error.name(), detail=error.str())

    def _store(self, partition: AssignedPartition) -> None:
        partition.served_at_s = self._monotonic_s()
        cut = partition.buffer.next_cut(partition.served_at_s)
        assert cut is not None, "the partition was due"
        try:
            if partition.announced != cut.end or partition.acknowledged != cut.start:
                # Announced before the insert, because whoever takes over after a crash must cut exactly here,
                # under the same token. Cut elsewhere, the rows of this batch would be stored twice.
                self._commit([_commit_of(partition, encode_announced_end(cut.end))])
                partition.acknowledged, partition.announced = cut.start, cut.end
            if cut.records:
                self._handler.handle(cut.records, partition.token(cut))
        except (Transient, Permanent) as error:
            self._failed(partition, error)
            return
        now_s = self._monotonic_s()
        self._metrics.observe("batch_seconds", now_s - partition.served_at_s, stage=self._spec.stage, step="store")
        if partition.failures:
            self._log.info(
                "batch_stored_again",
                topic=partition.topic,
                partition=partition.number,
                tries=partition.failures + 1,
            )
        partition.stored(now_s)

    def _failed(self, partition: AssignedPartition, error: EarshotError) -> None:
        delay_s = partition.failed(self._monotonic_s())
        code = error.code if isinstance(error, Permanent) else "transient"
        self._metrics.count("errors_total", stage=self._spec.stage, code=code)
        self._log.error(
            "batch_not_stored", topic=partition.topic, partition=partition.number, offset=partition.buffer.start,
            tries=partition.failures, next_try_s=delay_s, error=str(error),
        )  # fmt: skip

    def _acknowledge(self, partitions: Iterable[AssignedPartition]) -> None:
        """Commits what is stored and not yet acknowledged. Where that fails, it is stored again."""
        behind = [partition for partition in partitions if partition.acknowledged < partition.buffer.start]
        if not behind or self._monotonic_s() < self._acknowledge_at_s:
            return
        try:
            self._commit([_commit_of(partition) for partition in behind])
        except Transient as error:
            self._acknowledge_at_s = self._monotonic_s() + FIRST_DELAY_S
            self._log.warning("not_acknowledged", error=str(error))
            return
        for partition in behind:
            partition.acknowledged, partition.announced = partition.buffer.start, None

    def _commit(self, offsets: list[Any]) -> None:
        try:
            done = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            raise Transient(f"commit: {error.args[0].str()}") from None
        refused = next((part.error for part in done or () if part.error is not None), None)
        if refused is not None:
            raise Transient(f"commit: {refused.str()}")

    def _assigned(self, consumer: Consumer, partitions: list[Any]) -> None:
        # An exception must not cross librdkafka, which would swallow it. It is raised again after the poll.
        try:
            prefixes = token_prefixes(self._admin, self._spec.topics)
            for part in committed_offsets(consumer, partitions, KAFKA_TIMEOUT_S) if partitions else ():
                low, high = consumer.get_watermark_offsets(part, timeout=KAFKA_TIMEOUT_S)
                where = f"{part.topic}[{part.partition}] of group {self._spec.group}"
                start = resume_point(where, part.offset, part.metadata, low, high)
                buffer = self._spec.make_buffer(start.offset, start.announced_end)
                self._assigned_partitions[part.topic, part.partition] = AssignedPartition(
                    part.topic,
                    part.partition,
                    f"{prefixes[part.topic]}/{part.partition}",
                    buffer,
                    start.offset,
                    start.announced_end,
                )
            starts = [
                TopicPartition(*key, partition.buffer.start)
                for key, partition in self._assigned_partitions.items()
            ]
            consumer.assign(starts)
            # librdkafka remembers a pause beyond the revocation, and the partition would stay silent for ever.
            if starts:
                consumer.resume(starts)
            self._member = True
        except KafkaException as error:
            self._failure = MustRestart(f"taking over partitions: {error.args[0].str()}")
        except EarshotError as error:
            self._failure = error
        else:
            self._log.info(
                "assigned", partitions=[f"{topic}[{number}]" for topic, number in self._assigned_partitions]
            )

    def _revoked(self, _consumer: Consumer, _partitions: list[Any]) -> None:
        # What was read and not stored is dropped. Its next owner reads it again, from the announced cut on.
        self._acknowledge(self._assigned_partitions.values())
        self._member = False
        self._assigned_partitions.clear()

    def _lost(self, _consumer: Consumer, _partitions: list[Any]) -> None:
        self._log.warning("partitions_lost", partitions=len(self._assigned_partitions))
        self._member = False
        self._assigned_partitions.clear()

    def _regulate(self) -> None:
        """Stops reading partitions whose buffers are full, and goes on when there is room."""
        for (topic, number), partition in self._assigned_partitions.items():
            if partition.buffer.full != partition.paused:
                partition.paused = partition.buffer.full
                pause_or_resume = self._consumer.pause if partition.paused else self._consumer.resume
                pause_or_resume([TopicPartition(topic, number)])

    def _gauges(self, now_s: float) -> None:
        if now_s < self._gauges_at_s:
            return
        self._gauges_at_s = now_s + GAUGE_INTERVAL_S
        for (topic, number), partition in self._assigned_partitions.items():
            _, high = self._consumer.get_watermark_offsets(TopicPartition(topic, number), cached=True)
            # Buffered records are counted. A difference of offsets would count transaction markers as lag.
            lag = partition.buffer.waiting + max(0, high - partition.buffer.read_to)
            self._metrics.set("lag_records", lag, stage=self._spec.stage, topic=topic, partition=str(number))


def _commit_of(partition: AssignedPartition, metadata: str = "") -> Any:
    return TopicPartition(partition.topic, partition.number, partition.buffer.start, metadata=metadata)
