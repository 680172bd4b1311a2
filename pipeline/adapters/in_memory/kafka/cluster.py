"""What the brokers of the simulated cluster hold, and the clients that reach them."""

from collections.abc import Callable
from functools import lru_cache, partial
from random import Random
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException

from pipeline.adapters.in_memory.kafka.consumer import SimulatedConsumer
from pipeline.adapters.in_memory.kafka.groups import Group
from pipeline.adapters.in_memory.kafka.link import Brokers, Faults, Host, NoFaults
from pipeline.adapters.in_memory.kafka.log import Headers, PartitionLog
from pipeline.adapters.in_memory.kafka.producer import SimulatedProducer
from pipeline.adapters.in_memory.kafka.transactions import Place, TransactionalId, TransactionCoordinator
from pipeline.adapters.in_memory.kafka.virtual_time import VirtualTime
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.transactional.clients import Clients

BROKERS = 3
_partition_of = lru_cache(maxsize=10_000)(partition_of)
"""The same few keys come again and again, and their hash is made in Python."""


class SimulatedCluster:
    """Logs, coordinators and clocks of one cluster. The same seed gives the same run.

    Args:
        seed: of everything that is left to chance.
        start_ms: the wall clock of the brokers when virtual time begins, milliseconds since the epoch.
        time: virtual time; a scheduler of several processes brings its own.
        faults: what happens to requests.
    """

    def __init__(
        self, seed: int, start_ms: int, time: VirtualTime | None = None, faults: Faults | None = None
    ) -> None:
        self.time = time or VirtualTime()
        self.chance = Random(seed)  # noqa: S311 - a simulation
        self.brokers = Brokers(self.time, self.chance, faults or NoFaults())
        self.transactions = TransactionCoordinator(self.time, self._write_markers)
        self.clocks_ahead_s = [0.0] * BROKERS
        """How far the wall clock of each broker is ahead of the true time."""
        self.elections = 0
        """How often the leaders of all partitions have moved to the next broker."""
        self.max_message_bytes: dict[str, int] = {}
        """Topic to its `max.message.bytes`, where it has one."""
        self._start_ms = start_ms
        self._topics: dict[str, list[PartitionLog]] = {}
        self._groups: dict[str, Group] = {}

    def create(self, topic: str, partitions: int) -> None:
        """Creates a topic."""
        self._topics[topic] = [PartitionLog() for _ in range(partitions)]

    def clients(self, host: Host) -> Clients:
        """Returns what makes the clients of a process."""
        return Clients(
            cast(Any, partial(SimulatedConsumer, self, host)),
            cast(Any, partial(SimulatedProducer, self, host)),
            host.monotonic_s,
        )

    def clock_ms(self, host: Host | None = None) -> int:
        """Returns the wall clock of a process, or the true time: milliseconds since the epoch."""
        return self._start_ms + int((self.time.now_s + (0.0 if host is None else host.clock_ahead_s)) * 1000)

    def append_ms(self, topic: str, partition: int) -> int:
        """Returns the wall clock of the broker that leads a partition: milliseconds since the epoch."""
        leader = (sum(topic.encode()) + partition + self.elections) % BROKERS
        return self.clock_ms() + int(self.clocks_ahead_s[leader] * 1000)

    @property
    def topics(self) -> dict[str, list[PartitionLog]]:
        """Topic to the logs of its partitions."""
        return self._topics

    def log(self, topic: str, partition: int) -> PartitionLog:
        """Returns the log of a partition.

        Raises:
            KafkaException: there is no such partition.
        """
        logs = self._topics.get(topic)
        if logs is None or not 0 <= partition < len(logs):
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, f"{topic}/{partition}"))
        return logs[partition]

    def partition_of(self, topic: str, key: bytes | None) -> int:
        """Returns the partition that a key is kept in."""
        return _partition_of(key or b"", len(self._topics[topic]))

    def group(self, name: str) -> Group:
        """Returns a consumer group, which is made where there is none."""
        if name not in self._groups:
            self._groups[name] = Group(name, self.brokers, self.chance, lambda topic: len(self._topics[topic]))
        return self._groups[name]

    def append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> int:
        """Appends a record of no transaction at once and returns its offset."""
        number = self.partition_of(topic, key) if partition is None else partition
        return self.log(topic, number).append([(key, value, headers)], self.append_ms(topic, number))

    def _write_markers(self, known: TransactionalId, committed: bool) -> None:
        """Writes a marker into each partition and group of a transaction, each at its own time."""
        serial, left = known.serial, len(known.places) + len(known.groups)

        def write(action: Callable[[], None]) -> None:
            nonlocal left
            action()
            left -= 1
            if not left:
                self.transactions.ended(known)

        def mark(place: Place) -> None:
            self.log(*place).end(known.producer, self.append_ms(*place), committed=committed, serial=serial)

        actions: list[Callable[[], None]] = [partial(mark, place) for place in sorted(known.places)]
        actions += [
            partial(self.group(name).end, known.producer, serial, committed=committed)
            for name in sorted(known.groups)
        ]
        for action in actions:
            late = self.brokers.faults.late("brokers", "marker")
            self.brokers.deliver(partial(write, action), 0.0 if late is None else late.seconds)
