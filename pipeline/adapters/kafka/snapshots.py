"""Copies the state of a partition number from its changelog to a topic where it stays as it was.

The changelog is compacted, so that what it held yesterday is gone. A snapshot is written in one Kafka transaction:
a read_committed reader sees all of it or nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from confluent_kafka import KafkaException, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.reader import TopicReader, Window
from pipeline.errors import Transient
from pipeline.loop.now import NOW_KEY, StoredNow
from pipeline.settings import KafkaSettings

TIMEOUT_S = 60.0
TRANSACTION_MS = 600_000
"""A snapshot of a million cases takes a minute. Brokers grant 15 minutes by default."""
QUEUE_FULL_S = 1.0


@dataclass
class Snapshot:
    """The state of one partition number after one of its transactions."""

    number: int = 0
    """Of that transaction; 0 before the first."""
    entries: dict[bytes, bytes] = field(default_factory=dict)
    """The changelog's live entries, those of the loop itself included."""


class SnapshotWriter:
    """Copies changelogs.

    Args:
        kafka: resolved.
        changelog: topic to copy.
        snapshots: topic to copy to, with as many partitions.
    """

    def __init__(self, kafka: KafkaSettings, changelog: str, snapshots: str) -> None:
        self._kafka = kafka
        self._changelog = changelog
        self._snapshots = snapshots

    def copy(self, reader: TopicReader, partition: int) -> int | None:
        """Copies one partition as it is now. Returns the number of the last transaction in it; None without state.

        It is 0 where a release wrote it that knew no numbers, so that no journal can be followed from there.

        Raises:
            Transient: the brokers do not take it.
            ServiceMissing: the changelog cannot be read.
        """
        producer = Producer(
            producer_config(self._kafka)
            | {
                "transactional.id": f"earshot-{self._snapshots}-{partition}",
                "transaction.timeout.ms": TRANSACTION_MS,
            }
        )
        try:
            producer.init_transactions(TIMEOUT_S)
            producer.begin_transaction()
            last: bytes | None = None
            for key, value in _entries(reader, self._changelog, partition):
                # It ends each transaction, and here it ends the snapshot.
                if key == NOW_KEY:
                    last = value
                else:
                    self._produce(producer, partition, key, value)
            if last is None:
                producer.abort_transaction(TIMEOUT_S)
                return None
            self._produce(producer, partition, NOW_KEY, last)
            producer.commit_transaction(TIMEOUT_S)
        except KafkaException as error:
            raise Transient(f"{self._snapshots}/{partition}: {error.args[0].str()}") from error
        return StoredNow.decode(last).number

    def _produce(self, producer: Producer, partition: int, key: bytes, value: bytes | None) -> None:
        while True:
            try:
                producer.produce(self._snapshots, value=value, key=key, partition=partition)
                return
            except BufferError:
                producer.poll(QUEUE_FULL_S)


def snapshots(reader: TopicReader, topic: str, partition: int) -> Iterator[Snapshot]:
    """Yields the snapshots of a partition number that are kept, the oldest first.

    Args:
        reader: of the cluster.
        topic: with snapshots.
        partition: the number.
    """
    entries: dict[bytes, bytes] = {}
    for key, value in _entries(reader, topic, partition):
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
        if key == NOW_KEY and value is not None:
            number = StoredNow.decode(value).number
            # The journal cannot be followed from a state of a release without numbers.
            if number:
                yield Snapshot(number, entries)
            entries = {}


def _entries(reader: TopicReader, topic: str, partition: int) -> Iterator[tuple[bytes, bytes | None]]:
    window = reader.window(topic)
    if partition not in window.low:
        return
    one = Window({partition: window.low[partition]}, {partition: window.end[partition]})
    for message in reader.read(topic, one):
        yield message.key(), message.value()
