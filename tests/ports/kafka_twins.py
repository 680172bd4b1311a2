"""A cluster of real brokers and the simulated one behind the same few calls, for the suite of Kafka's promises."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.adapters.in_memory.kafka.cluster import SimulatedCluster
from pipeline.adapters.in_memory.kafka.link import Faults, Host

TIMEOUT_S = 30.0
SESSION_MS = 6_000


class Twin(Protocol):
    """A cluster, real or simulated."""

    def create(self, partitions: int, **config: str) -> str:
        """Creates a topic and returns its name."""

    def consumer(self, config: Mapping[str, object]) -> Consumer: ...

    def producer(self, config: Mapping[str, object]) -> Producer: ...

    def now_s(self) -> float: ...


class RealBrokers:
    def __init__(self, bootstrap: str) -> None:
        self._base = {"bootstrap.servers": bootstrap, "log_level": 0}

    def create(self, partitions: int, **config: str) -> str:
        name = f"promise.{uuid.uuid4().hex[:12]}"
        settings = {"message.timestamp.type": "LogAppendTime"} | {
            k.replace("_", "."): v for k, v in config.items()
        }
        admin = AdminClient(self._base)
        admin.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(TIMEOUT_S)
        return name

    def consumer(self, config: Mapping[str, object]) -> Consumer:
        return Consumer(self._base | dict(config))

    def producer(self, config: Mapping[str, object]) -> Producer:
        return Producer(self._base | dict(config))

    def now_s(self) -> float:
        return time.monotonic()


class Simulated:
    """The simulated cluster with one process in it."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.cluster = SimulatedCluster(1, 1_767_225_600_000, faults=faults)
        self._clients = self.cluster.clients(Host("test", self.cluster.time))

    def create(self, partitions: int, **config: str) -> str:
        name = f"promise.{len(self.cluster.topics)}"
        self.cluster.create(name, partitions)
        if "max_message_bytes" in config:
            self.cluster.max_message_bytes[name] = int(config["max_message_bytes"])
        return name

    def consumer(self, config: Mapping[str, object]) -> Consumer:
        return self._clients.consumer(config)

    def producer(self, config: Mapping[str, object]) -> Producer:
        return self._clients.producer(config)

    def now_s(self) -> float:
        return self.cluster.time.now_s


class Seen(NamedTuple):
    """What a reader of a partition got."""

    records: list[tuple[int, bytes | None]]
    """Offset and value of each record."""
    end: int
    """The offset of the end-of-partition event."""


class Cluster:
    """What the suite does with a twin."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.create = twin.create

    def reader(self, isolation: str = "read_committed", **over: object) -> Consumer:
        config = {
            "group.id": f"promise-{uuid.uuid4().hex}", "group.protocol": "classic",
            "partition.assignment.strategy": "range", "enable.partition.eof": True, "isolation.level": isolation,
            "enable.auto.commit": False, "auto.offset.reset": "earliest", "session.timeout.ms": SESSION_MS,
            "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 50,
        }  # fmt: skip
        return self.twin.consumer(config | over)

    def transactional(self, name: str | None = None) -> Producer:
        """Returns an initialised producer."""
        producer = self.twin.producer(
            {"transactional.id": name or uuid.uuid4().hex, "transaction.timeout.ms": 20_000, "linger.ms": 5}
        )
        producer.init_transactions(TIMEOUT_S)
        return producer

    def send(self, topic: str, *values: bytes, partition: int = 0) -> None:
        """Appends records of no transaction."""
        producer = self.twin.producer({"linger.ms": 5})
        for value in values:
            producer.produce(topic, value, b"k", partition)
        assert producer.flush(TIMEOUT_S) == 0

    def transact(self, producer: Producer, topic: str, *values: bytes, commit: bool = True) -> None:
        """Runs one transaction over records of partition 0."""
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, b"k", 0)
        assert producer.flush(TIMEOUT_S) == 0
        if commit:
            producer.commit_transaction(TIMEOUT_S)
        else:
            producer.abort_transaction(TIMEOUT_S)

    def read(self, topic: str, isolation: str = "read_committed", until: int | None = None) -> Seen:
        """Reads partition 0 to its end, or until that end has come."""
        consumer = self.reader(isolation)
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        records: list[tuple[int, bytes | None]] = []
        while True:
            for message in self.polled(consumer, lambda _: True):
                error = message.error()
                if error is None:
                    records.append((cast(int, message.offset()), message.value()))
                elif error.code() == KafkaError._PARTITION_EOF and (until is None or message.offset() >= until):
                    consumer.close()
                    return Seen(records, message.offset())

    def polled(self, consumer: Consumer, wanted: Callable[[Message], bool]) -> list[Message]:
        """Polls until a message is as wanted, and returns all until then."""
        found: list[Message] = []
        self.wait(lambda: any(map(wanted, found)), lambda: found.extend(consumer.consume(100, 0.05)))
        return found

    def wait(self, reached: Callable[[], bool], step: Callable[[], object]) -> None:
        """Repeats `step` until `reached()` is true."""
        deadline_s = self.twin.now_s() + TIMEOUT_S
        while not reached():
            assert self.twin.now_s() < deadline_s, "not reached in time"
            step()

    def end(self, topic: str, isolation: str) -> int:
        """Asks where partition 0 ends."""
        consumer = self.reader(isolation)
        end: int = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT_S)[1]
        consumer.close()
        return end


class GroupMember:
    """A consumer of a group and what the group has told it."""

    def __init__(self, cluster: Cluster, group: str, topics: Sequence[str], **over: Any) -> None:
        self.consumer = cluster.reader(**({"group.id": group} | over))
        self.places: set[tuple[str, int]] = set()
        self.told: list[str] = []
        self.consumer.subscribe(
            list(topics), on_assign=self._assigned, on_revoke=self._gone("revoked"), on_lost=self._gone("lost")
        )

    def poll(self) -> list[Message]:
        found: list[Message] = self.consumer.consume(100, 0.02)
        return found

    def _assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        self.told.append("assigned")
        self.places = {(place.topic, place.partition) for place in places}
        consumer.assign(places)

    def _gone(self, how: str) -> Callable[[Consumer, list[TopicPartition]], None]:
        def gone(_: Consumer, __: list[TopicPartition]) -> None:
            self.told.append(how)
            self.places = set()

        return gone
