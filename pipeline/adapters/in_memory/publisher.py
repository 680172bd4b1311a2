"""Stands in for the publisher in memory, so that stages can be tested without a broker."""

from collections import defaultdict
from zlib import crc32

from pipeline.errors import Permanent, Transient
from pipeline.ports.records import Delivery, Record
from schemas.topics import MAX_MESSAGE_BYTES


class MemoryPublisher:
    """Keeps records in lists, as a `ports.records.Publisher`.

    Args:
        partitions: number of partitions of every topic.
        fail_after: number of records after which the cluster goes away; None means never.
        max_bytes: key and value of a record that is taken have at most so many bytes.
    """

    def __init__(
        self, partitions: int = 4, fail_after: int | None = None, max_bytes: int = MAX_MESSAGE_BYTES
    ) -> None:
        self.delivered: list[Record] = []
        """Holds the records that were delivered, in the order of sending."""
        self.logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        """Holds the records of each (topic, partition) by offset."""
        self._partitions = partitions
        self._fail_after = fail_after
        self.max_bytes = max_bytes
        self._sent = 0
        self._deliveries: list[Delivery] = []

    def send(self, record: Record, tag: int = 0) -> None:
        """See `ports.records.Publisher.send`."""
        self._sent += 1
        self._deliveries.append(self._append(record, tag))

    def settle(self) -> list[Delivery]:
        """See `ports.records.Publisher.settle`."""
        deliveries, self._deliveries = self._deliveries, []
        return deliveries

    def values(self, topic: str) -> list[bytes | None]:
        """Returns the values of a topic's records in the order of sending."""
        return [record.value for record in self.delivered if record.topic == topic]

    def _append(self, record: Record, tag: int) -> Delivery:
        if self._fail_after is not None and self._sent > self._fail_after:
            return Delivery(tag, failure=Transient("the cluster has gone away"))
        if len(record.key or b"") + len(record.value or b"") > self.max_bytes:
            return Delivery(tag, failure=Permanent("too_large", "the record is too large"))
        # Any fixed hash will do. Where Kafka puts a key is tested on a real broker.
        partition = crc32(record.key or b"") % self._partitions
        log = self.logs[record.topic, partition]
        log.append(record)
        self.delivered.append(record)
        return Delivery(tag, partition, len(log) - 1)


class DiscardingPublisher:
    """Takes every record and keeps none, as a `ports.records.Publisher` for dry runs."""

    def __init__(self) -> None:
        self._deliveries: list[Delivery] = []

    def send(self, record: Record, tag: int = 0) -> None:  # noqa: ARG002
        """See `ports.records.Publisher.send`."""
        self._deliveries.append(Delivery(tag))

    def settle(self) -> list[Delivery]:
        """See `ports.records.Publisher.settle`."""
        deliveries, self._deliveries = self._deliveries, []
        return deliveries
