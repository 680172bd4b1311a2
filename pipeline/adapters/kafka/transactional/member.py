"""Polls the inputs, follows the consumer group, and runs the transactions of each owned partition number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaException,
    Message,
    TopicPartition,
)

from pipeline.adapters.kafka.committed import committed_offsets
from pipeline.adapters.kafka.config import consumer_config, member_config
from pipeline.adapters.kafka.messages import error_of, input_record
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.transactional.backpressure import (
    BUFFER_BATCHES,
    BUFFER_BYTES,
    Waiting,
    must_pause,
)
from pipeline.adapters.kafka.transactional.changelog import ChangelogReader, end_offset
from pipeline.adapters.kafka.transactional.clients import REAL, Clients
from pipeline.adapters.kafka.transactional.inputs import (
    ADMIN_TIMEOUT_S,
    end_offsets,
    partition_error,
    partitions_of,
    passes,
    start_of,
)
from pipeline.adapters.kafka.transactional.late_requests import DoubtRule
from pipeline.adapters.kafka.transactional.observer import LoopObserver
from pipeline.adapters.kafka.transactional.ownership import complete, still_true
from pipeline.adapters.kafka.transactional.partition_loop import PartitionLoop
from pipeline.adapters.kafka.transactional.producer import TransactionalProducer, doubt_rule
from pipeline.errors import Misconfigured, MustRestart
from pipeline.loop.driver import Driver
from pipeline.loop.spec import Moment, StageSpec
from pipeline.ports.decider import Decider
from pipeline.settings import KafkaSettings
from pipeline.stages import group_of

POLL_S = 0.02
"""Shorter than a commit, which takes 26 ms (measured), so that polling adds little to the way of a record."""
POLL_RECORDS = 2_000
MAX_POLL_MS = 300_000
FETCH_WAIT_MS = 100
"""A fetch waits at most this long, because the end of an input shows in an empty one."""


@dataclass(frozen=True)
class _Acquisition:
    """A partition number that was assigned and does not work yet."""

    started_s: float
    reader: ChangelogReader | None
    """Reads its state; None where the state is here."""


class TransactionalMember:
    """Runs deciders exactly once over co-partitioned inputs.

    Args:
        kafka: resolved settings of the cluster.
        spec: what the stage reads and writes.
        make_decider: makes an empty decider for a partition number.
        clock_ms: the wall clock, milliseconds since the epoch.
        observer: is told what the loop does.
        between: called once a round between transactions, where a new policy may be taken over.
        make_doubt: makes the rule by which a partition number's producer is renewed; for tests.
        clients: makes the clients and measures time.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        spec: StageSpec,
        make_decider: Callable[[int], Decider],
        clock_ms: Callable[[], int],
        observer: LoopObserver,
        between: Callable[[], None],
        make_doubt: Callable[[KafkaSettings], DoubtRule] = doubt_rule,
        clients: Clients = REAL,
    ) -> None:
        self._kafka = kafka
        self._spec = spec
        self._make_decider = make_decider
        self._clock_ms = clock_ms
        self._observer = observer
        self._between = between
        self._make_doubt = make_doubt
        self._clients = clients
        self._loops: dict[int, PartitionLoop] = {}
        self._kept: dict[int, PartitionLoop] = {}
        """Those of the last assignment, until the next one says whether they come back. Without them each
        rebalance would restore every state again."""
        self._restoring: dict[int, _Acquisition] = {}
        self._member = False
        self._membership: object = None
        self._without_offsets: set[int] = set()
        self._paused: set[tuple[str, int]] = set()
        self._partitions: Mapping[str, int] = {}
        self._published: Mapping[str, bytes] | None = None
        self._handed_out: Mapping[str, bytes] | None = None
        self._by_number: dict[int, dict[str, bytes]] = {}
        config = member_config(kafka, group_of(spec.stage)) | {
            # Offsets that vanish while state exists must never silently mean "start again".
            "auto.offset.reset": "error",
            "max.poll.interval.ms": MAX_POLL_MS,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
        }
        self._consumer = clients.consumer(config)
        # It only asks where inputs end. A question of the client that fetches would wait behind its fetch, which
        # took 188 ms for two idle inputs instead of 3 (measured), and nothing is decided meanwhile.
        self._asker = clients.consumer(consumer_config(kafka, f"{group_of(spec.stage)}-ends"))

    def run(self, stopping: Callable[[], bool]) -> None:
        """Works until `stopping()` is true, then leaves the group.

        Raises:
            MustRestart: it was fenced, lost a partition, or its producer is broken. Nothing uncommitted is
                visible. End the process at once, and do not clean up.
            Misconfigured: an input topic is missing or the inputs are not co-partitioned.
        """
        self._partitions = partitions_of(self._consumer, self._spec)
        self._consumer.subscribe(
            list(self._spec.inputs), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        try:
            while not stopping():
                self._round()
        except KafkaException as error:
            raise MustRestart(f"{self._spec.stage}: {error.args[0].str()}") from error
        self._consumer.close()
        self._asker.close()
        for loop in (*self._loops.values(), *self._kept.values()):
            loop.producer.close()

    @property
    def ready(self) -> tuple[bool, str]:
        """Whether everything that it owns works, or why not. Other threads may ask.

        A spare worker, which owns nothing, is ready, because it takes over within a session timeout.
        """
        if not self._member:
            return False, "not yet a member of the group"
        restoring = sorted(self._restoring)
        if restoring:
            return False, f"partitions being restored: {', '.join(map(str, restoring))}"
        return True, "ok" if self._loops else "ok, a spare: other workers own all partitions"

    @property
    def deciders(self) -> dict[int, Decider]:
        """The decider of each owned partition number, for gauges."""
        return {n: loop.driver.decider for n, loop in self._loops.items()}

    @property
    def edges(self) -> dict[int, bool]:
        """Whether each owned partition number is at its live edge."""
        return {n: loop.driver.is_live for n, loop in self._loops.items()}

    @property
    def times_ms(self) -> dict[int, int]:
        """The time of each owned partition number, in milliseconds since the epoch."""
        return {n: loop.driver.now_ms for n, loop in self._loops.items()}

    @property
    def clocks_off_ms(self) -> dict[int, int]:
        """How far the clock of a broker is off, in milliseconds, as each owned partition number sees it."""
        return {n: loop.driver.clock_off_ms for n, loop in self._loops.items()}

    def publish(self, policies: Mapping[str, bytes]) -> None:
        """Says which policies are published now, by workspace. Each partition number puts its own in force."""
        self._published = policies

    def lags(self) -> dict[tuple[str, int], int]:
        """Returns (topic, partition) to the number of records not yet decided, as the last fetch reported."""
        lags = {}
        for n, loop in self._loops.items():
            buffers = loop.driver.buffers
            for topic in buffers.positions():
                high = self._consumer.get_watermark_offsets(TopicPartition(topic, n), cached=True)[1]
                # Buffered records are counted. A difference of offsets would count transaction markers as lag.
                lags[topic, n] = buffers.size(topic) + max(0, high - buffers.read_to(topic))
        return lags

    def _round(self) -> None:
        for message in self._consumer.consume(POLL_RECORDS, POLL_S):
            self._buffer(message)
        self._note_ends()
        for n in list(self._restoring):
            self._restore_step(n)
        self._between()
        self._hand_out_policies()
        for loop in list(self._loops.values()):
            loop.run(self._membership)
        self._balance_buffers()

    def _hand_out_policies(self) -> None:
        if self._published is None:
            return
        if self._published is not self._handed_out:
            count = self._partitions[self._spec.changelog]
            # A policy is state of the number that decides for its workspace, and of no other.
            self._by_number = {n: {} for n in range(count)}
            for workspace, content in self._published.items():
                self._by_number[partition_of(workspace.encode(), count)][workspace] = content
            self._handed_out = self._published
        for n, loop in self._loops.items():
            loop.driver.publish(self._by_number[n])

    def _buffer(self, message: Message) -> None:
        error = error_of(message)
        if error is not None:
            if passes(error):
                return
            raise MustRestart(f"{self._spec.stage}: {message.topic()}/{message.partition()}: {error.str()}")
        loop = self._loops.get(message.partition())
        if loop is None or not loop.restored:
            # It was read for an assignment that has ended. The partition is read again from its position once
            # it is restored, so a record taken now would be decided twice.
            return
        if message.error() is None:
            loop.driver.buffers.add(input_record(message))
        else:
            loop.driver.buffers.reached_end(message.topic(), message.offset())

    def _note_ends(self) -> None:
        """Notes the inputs that the last fetch read to their end.

        The end-of-partition event comes a whole fetch wait later, and every decision would wait for it.
        """
        for n, loop in self._loops.items():
            if not loop.restored:
                continue
            for topic in self._spec.inputs:
                read_to = loop.driver.buffers.read_to(topic)
                high = self._consumer.get_watermark_offsets(TopicPartition(topic, n), cached=True)[1]
                if 0 <= high <= read_to:
                    loop.driver.buffers.reached_end(topic, read_to)

    def _assigned(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        self._membership = self._join(consumer)
        numbers, incomplete = complete(((place.topic, place.partition) for place in places), self._spec.inputs)
        for n, missing in incomplete.items():
            self._observer.incomplete(n, missing)
        for n in set(self._kept) - set(numbers):
            self._kept.pop(n).producer.close()
            self._observer.let_go(n)
        for n in numbers:
            self._own(n)
        mine = [place for place in places if place.partition in self._loops]
        # Read only now, after init_transactions has ended what the former owner left open. Before, its last
        # transaction could still commit newer offsets, and records would be decided twice.
        committed = committed_offsets(consumer, mine, ADMIN_TIMEOUT_S) if mine else []
        committed_before = {place.partition for place in committed if place.offset != OFFSET_INVALID}
        self._without_offsets = set(numbers) - committed_before
        starts = [start_of(consumer, self._spec.stage, place) for place in committed]
        for start in starts:
            self._loops[start.partition].driver.buffers.start(start.topic, start.offset)
        consumer.assign(starts)
        if starts:
            # Nothing is fetched before the state is restored, but polling must go on meanwhile. Otherwise the
            # group would throw this member out after `MAX_POLL_MS`.
            consumer.pause(starts)
        self._paused.update((start.topic, start.partition) for start in starts)
        self._member = True

    def _join(self, consumer: Consumer) -> object:
        """Returns what the group knows us by during this assignment.

        It is taken once for each assignment. A client that was thrown out of the group forgets its name before it
        says so, and Kafka accepts offsets of a transaction without a name unchecked. With the old name it refuses
        them (illegal generation).
        """
        membership = consumer.consumer_group_metadata()
        if not consumer.memberid():
            raise MustRestart(f"{self._spec.stage}: thrown out of the group while partitions were assigned")
        return membership

    def _own(self, n: int) -> None:
        """Fences whoever had the number before, then finds out whether its state must be read."""
        started_s = self._clients.monotonic_s()
        kept = self._kept.pop(n, None)
        producer = self._producer_of(n) if kept is None else kept.producer
        producer.init()
        changelog = self._spec.changelog
        if kept is not None and still_true(kept.written_to, end_offset(self._kafka, changelog, n, self._clients)):
            self._loops[n], self._restoring[n] = kept, _Acquisition(started_s, None)
            return
        if kept is not None:
            self._observer.let_go(n)
        self._restoring[n] = _Acquisition(started_s, ChangelogReader(self._kafka, changelog, n, self._clients))
        driver = Driver(
            self._spec,
            n,
            self._make_decider(n),
            partial(partition_error, self._partitions),
            partial(end_offsets, self._asker, n),
        )
        self._loops[n] = PartitionLoop(self._spec, n, producer, driver, self._observer, self._moment)

    def _producer_of(self, n: int) -> TransactionalProducer:
        return TransactionalProducer(
            self._kafka,
            f"{group_of(self._spec.stage)}-{n}",
            self._make_doubt(self._kafka),
            lambda reason, seconds: self._observer.renewed(n, reason, seconds),
            self._clients,
        )

    def _revoked(self, _: Consumer, places: Sequence[TopicPartition]) -> None:
        self._member = False
        for n in {place.partition for place in places} & set(self._loops):
            loop, acquisition = self._loops.pop(n), self._restoring.pop(n, None)
            if acquisition is not None and acquisition.reader is not None:
                acquisition.reader.close()
            # Also when it had been kept before and was not yet taken up again: its state is as true as then.
            if loop.restored or (acquisition is not None and acquisition.reader is None):
                loop.restored = False
                self._kept[n] = loop
            else:
                loop.producer.close()
                self._observer.let_go(n)
        for place in places:
            self._paused.discard((place.topic, place.partition))

    def _restore_step(self, n: int) -> None:
        acquisition, loop = self._restoring[n], self._loops[n]
        reader = acquisition.reader
        if reader is not None:
            if not reader.step(loop.driver.restore):
                return
            reader.close()
            loop.written_to = reader.end
        # Every transaction stores its time, so where there is none, there is no state either.
        if loop.driver.now_ms and n in self._without_offsets:
            raise Misconfigured(
                f"{self._spec.changelog}/{n} holds state, but group {group_of(self._spec.stage)} has no offsets: "
                "they expired or were deleted. Reading from the start would decide everything again."
            )
        del self._restoring[n]
        positions = loop.driver.buffers.positions()
        self._resume([(topic, n) for topic in positions])
        for topic, offset in positions.items():
            self._consumer.seek(TopicPartition(topic, n, offset))
        loop.driver.begin(self._moment())
        loop.restored = True
        self._observer.acquired(
            n, None if reader is None else reader.entries, self._clients.monotonic_s() - acquisition.started_s
        )

    def _moment(self) -> Moment:
        return Moment(self._clock_ms(), int(self._clients.monotonic_s() * 1000))

    def _balance_buffers(self) -> None:
        limit = Waiting(BUFFER_BATCHES * self._spec.batch_size, BUFFER_BYTES)
        for n, loop in self._loops.items():
            if not loop.restored:
                continue
            buffers = loop.driver.buffers
            for topic in self._spec.inputs:
                place, waiting = (topic, n), Waiting(buffers.size(topic), buffers.size_bytes(topic))
                paused = place in self._paused
                if must_pause(waiting, limit, paused=paused) == paused:
                    continue
                if paused:
                    self._resume([place])
                else:
                    self._consumer.pause([TopicPartition(*place)])
                    self._paused.add(place)

    def _resume(self, places: Sequence[tuple[str, int]]) -> None:
        self._consumer.resume([TopicPartition(*place) for place in places])
        self._paused.difference_update(places)
