"""The simulated transactional producer."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from pipeline.adapters.in_memory.kafka.groups import GroupMetadata
from pipeline.adapters.in_memory.kafka.link import Host, Link, NotYet
from pipeline.adapters.in_memory.kafka.log import Entry, Headers
from pipeline.adapters.in_memory.kafka.message import SimulatedMessage
from pipeline.adapters.in_memory.kafka.transactions import Place
from pipeline.adapters.in_memory.kafka.virtual_time import Signal

if TYPE_CHECKING:
    from pipeline.adapters.in_memory.kafka.cluster import SimulatedCluster

OnDelivery = Callable[[KafkaError | None, SimulatedMessage], None]
_Record = tuple[Place, bytes | None, bytes | None, Headers, OnDelivery | None]


class SimulatedProducer:
    """Stands in for confluent's `Producer`.

    Args:
        cluster: what it writes to.
        host: the process that it runs in.
        config: as of librdkafka; `stats_cb` is called by `poll`.
    """

    def __init__(self, cluster: "SimulatedCluster", host: Host, config: Mapping[str, Any]) -> None:
        self._cluster, self._host = cluster, host
        self._id: str | None = config.get("transactional.id")
        self._timeout_s = config.get("transaction.timeout.ms", 60_000) / 1000
        self._linger_s = config.get("linger.ms", 5) / 1000
        self._link = Link(
            cluster.brokers, host, config.get("socket.timeout.ms", 60_000) / 1000,
            config.get("retry.backoff.ms", 100) / 1000,
        )  # fmt: skip
        self._statistics: Callable[[str], None] | None = config.get("stats_cb")
        self._interval_s = config.get("statistics.interval.ms", 0) / 1000
        self._made_s = self._next_statistics_s = cluster.time.now_s
        self._producer, self._epoch = -1, -1
        self._waiting: list[_Record] = []
        self._on_the_way = 0
        self._settled = Signal()
        self._reports: list[tuple[OnDelivery, KafkaError | None, SimulatedMessage]] = []
        self._added: set[Place] = set()
        self._anything_added = False
        self._failure: KafkaException | None = None
        self._closed = False

    def init_transactions(self, timeout: float) -> None:
        """Fences every earlier producer of the id."""
        self._producer, self._epoch = self._ask(
            "init", lambda: self._cluster.transactions.initialise(str(self._id), self._timeout_s), timeout
        )

    def begin_transaction(self) -> None:
        """Begins a transaction; the coordinator learns of it with the first record or offset."""
        self._added, self._anything_added, self._failure = set(), False, None

    def produce(
        self, topic: str, value: bytes | None = None, key: bytes | None = None, partition: int = -1,
        headers: Sequence[tuple[str, bytes]] = (), on_delivery: OnDelivery | None = None,
    ) -> None:  # fmt: skip
        """Hands a record over, which is sent after `linger.ms` together with what came meanwhile."""
        if not self._waiting:
            self._cluster.time.call_in(self._linger_s, lambda: self._host.when_running(self._transmit))
        if partition < 0:
            partition = self._cluster.partition_of(topic, key) if topic in self._cluster.topics else 0
        self._waiting.append(((topic, partition), key, value, tuple(headers), on_delivery))

    def poll(self, timeout: float) -> int:
        """Calls back with deliveries and statistics, after a wait where there are none."""
        if timeout > 0:
            self._cluster.time.wait(self._cluster.time.now_s + timeout)
        self._tell_statistics()
        reports, self._reports = self._reports, []
        for on_delivery, error, message in reports:
            on_delivery(error, message)
        return len(reports)

    def flush(self, timeout: float = 60.0) -> int:
        """Returns when everything is delivered or failed, or after the time; returns how many are left."""
        deadline_s = self._cluster.time.now_s + timeout
        self._transmit()
        while self._on_the_way and self._cluster.time.now_s < deadline_s:
            self._settled = Signal()
            self._cluster.time.wait(deadline_s, self._settled)
        self.poll(0)
        return self._on_the_way

    def send_offsets_to_transaction(
        self, positions: Sequence[TopicPartition], metadata: GroupMetadata, timeout: float
    ) -> None:
        """Adds the positions of a consumer to the transaction."""
        offsets = {(place.topic, place.partition): place.offset for place in positions}
        if not offsets:
            return
        self._anything_added = True
        groups = {metadata.group}
        name, epoch, producer = str(self._id), self._epoch, self._producer
        transactions = self._cluster.transactions
        self._ask("add", lambda: transactions.add(name, epoch, set(), groups), timeout)

        def add_offsets() -> None:
            transactions.check(name, epoch, metadata.group)
            self._cluster.group(metadata.group).add_offsets(producer, offsets, metadata)

        self._ask("offsets", add_offsets, timeout)

    def commit_transaction(self, timeout: float) -> None:
        """Returns when the transaction is committed."""
        deadline_s = self._cluster.time.now_s + timeout
        if self.flush(timeout):
            raise KafkaException(
                KafkaError(KafkaError._TIMED_OUT, "records are not delivered", False, True, False)
            )
        if self._failure is not None:
            raise self._failure
        self._end(committed=True, timeout_s=deadline_s - self._cluster.time.now_s)

    def abort_transaction(self, timeout: float) -> None:
        """Returns when the transaction is aborted."""
        self.purge()
        self.flush(timeout)
        self._end(committed=False, timeout_s=timeout)

    def purge(self) -> None:
        """Drops what is not sent yet."""
        self._waiting = []

    def close(self) -> None:
        """Ends the client."""
        self._closed = True
        self.purge()

    def _end(self, *, committed: bool, timeout_s: float) -> None:
        if not self._anything_added:
            return
        name, epoch = str(self._id), self._epoch
        end = partial(self._cluster.transactions.end, name, epoch, committed=committed)
        self._ask("end", end, timeout_s)

    def _ask(self, kind: str, apply: Callable[[], Any], timeout_s: float) -> Any:
        try:
            return self._link.ask(kind, apply, timeout_s)
        finally:
            self.poll(0)

    def _transmit(self) -> None:
        """Sends what waits: new partitions to the coordinator, then the batch of each partition to its leader."""
        if self._closed or not self._waiting:
            return
        records, self._waiting = self._waiting, []
        batches: dict[Place, list[_Record]] = {}
        for record in records:
            batches.setdefault(record[0], []).append(record)
        self._on_the_way += len(batches)
        if self._id is None:
            self._write(batches)
            return
        self._anything_added = True
        self._add(batches, set(batches) - self._added)

    def _add(self, batches: dict[Place, list[_Record]], new: set[Place]) -> None:
        transactions, name, epoch = self._cluster.transactions, str(self._id), self._epoch
        unknown = [place for place in new if place[0] not in self._cluster.topics]

        def add() -> None:
            try:
                if unknown:
                    raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, unknown[0][0]))
                if new:
                    transactions.add(name, epoch, new, set())
            except NotYet:
                self._cluster.time.call_in(0.02, lambda: self._host.when_running(lambda: self._add(batches, new)))
            except KafkaException as error:
                answer = _Answer(len(batches))
                for batch in batches.values():
                    answer.add(batch, error)
                self._return(answer)
            else:
                self._added |= new
                self._cluster.time.call_in(
                    self._cluster.brokers.latency_s(),
                    lambda: self._host.when_running(lambda: self._write(batches)),
                )

        self._cluster.brokers.deliver(add)

    def _write(self, batches: dict[Place, list[_Record]]) -> None:
        answer = _Answer(len(batches))
        for place, batch in batches.items():
            self._cluster.brokers.deliver(partial(self._append, place, batch, answer))

    def _append(self, place: Place, batch: list[_Record], answer: "_Answer") -> None:
        cluster = self._cluster
        try:
            serial = 0
            if self._id is not None:
                serial = cluster.transactions.ongoing(self._id, self._epoch, place)
            if cluster.brokers.faults.refuses(self._host.name, place[0]):
                raise KafkaException(KafkaError(KafkaError.NOT_ENOUGH_REPLICAS, place[0]))
            log, now_ms = cluster.log(*place), cluster.append_ms(*place)
            limit = cluster.max_message_bytes.get(place[0])
            if limit is not None and any(len(value or b"") > limit for _, _, value, _, _ in batch):
                raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, place[0]))
            producer = None if self._id is None else self._producer
            first = log.append([record[1:4] for record in batch], now_ms, producer, serial)
            answer.add(batch, None, first, now_ms)
        except KafkaException as error:
            answer.add(batch, error)
        if not answer.awaited:
            self._return(answer)

    def _return(self, answer: "_Answer") -> None:
        """Lets the delivery reports of a request come back to the client."""

        def come_back() -> None:
            self._on_the_way -= answer.batches
            self._failure = answer.failure or self._failure
            self._reports += answer.reports
            if not self._on_the_way:
                self._settled.fire()

        self._cluster.time.call_in(self._cluster.brokers.latency_s(), lambda: self._host.when_running(come_back))

    def _tell_statistics(self) -> None:
        now_s = self._cluster.time.now_s
        if self._statistics is None or not self._interval_s or now_s < self._next_statistics_s:
            return
        due_s = self._made_s + (now_s - self._made_s) // self._interval_s * self._interval_s
        self._next_statistics_s = due_s + self._interval_s
        if due_s <= self._made_s:
            return
        age = int((due_s - self._made_s) * 1_000_000)
        counts = f'"txretries":{self._link.retries},"disconnects":{self._link.disconnects}'
        self._statistics(f'{{"age":{age},"brokers":{{"b":{{{counts}}}}}}}')


class _Answer:
    """The delivery reports of batches that were sent together."""

    def __init__(self, batches: int) -> None:
        self.batches = self.awaited = batches
        self.failure: KafkaException | None = None
        self.reports: list[tuple[OnDelivery, KafkaError | None, SimulatedMessage]] = []

    def add(
        self,
        batch: list[_Record],
        error: KafkaException | None,
        first: int = OFFSET_INVALID,
        append_ms: int = -1,
    ) -> None:
        """Takes the fate of one batch."""
        self.awaited -= 1
        cause: KafkaError | None = None if error is None else error.args[0]
        if cause is not None:
            fenced = cause.code() == KafkaError._FENCED
            self.failure = KafkaException(KafkaError(cause.code(), cause.str(), fenced, False, not fenced))
        for index, (place, key, value, headers, on_delivery) in enumerate(batch):
            if on_delivery is not None:
                offset = first if error is not None else first + index
                entry = Entry(offset, append_ms, key, value, headers, None, 0, marker=False)
                self.reports.append((on_delivery, cause, SimulatedMessage(*place, entry)))
