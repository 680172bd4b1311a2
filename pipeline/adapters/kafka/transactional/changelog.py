"""Restores the state of one partition number from its changelog, step by step, so that polling goes on.

The end is taken as a read_uncommitted reader sees it: just after a transaction the last stable offset of a
partition may still lag behind its commit marker (KAFKA-10167).
"""

from collections.abc import Callable

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from pipeline.adapters.kafka.config import client_config, reader_config
from pipeline.adapters.kafka.messages import Unread, error_of
from pipeline.errors import MustRestart
from pipeline.settings import KafkaSettings

STEP_RECORDS = 5_000
STEP_S = 0.1
QUERY_TIMEOUT_S = 20.0
_GROUP = "earshot-restore"
"""Only assigned, never subscribed or committed."""


class ChangelogReader:
    """Reads partition `partition` of `topic` from its beginning to the end that it has now."""

    def __init__(self, kafka: KafkaSettings, topic: str, partition: int) -> None:
        self._place = TopicPartition(topic, partition, OFFSET_BEGINNING)
        self.end = end_offset(kafka, topic, partition)
        """Markers included."""
        self._consumer = Consumer(reader_config(kafka, _GROUP))
        self._consumer.assign([self._place])
        self._unread = Unread({partition: 0}, {partition: self.end})
        self.entries = 0

    def step(self, take: Callable[[bytes, bytes | None], None]) -> bool:
        """Hands some entries to `take` (None: the entity ended); returns whether the end is reached.

        Raises:
            MustRestart: the changelog cannot be read.
        """
        if not self._unread:
            return True
        for message in self._consumer.consume(STEP_RECORDS, STEP_S):
            error = error_of(message)
            if error is not None:
                raise MustRestart(f"{self._place.topic}/{self._place.partition}: {error.str()}")
            if self._unread.pass_by(message):
                self.entries += 1
                take(message.key(), message.value())
        return not self._unread

    def close(self) -> None:
        """Ends the reading."""
        self._consumer.close()


def end_offset(kafka: KafkaSettings, topic: str, partition: int) -> int:
    """Where a partition ends now, whatever is committed.

    Raises:
        KafkaException: no broker answers in time.
    """
    config = client_config(kafka) | {"group.id": _GROUP, "isolation.level": "read_uncommitted"}
    consumer = Consumer(config)
    try:
        end: int = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=QUERY_TIMEOUT_S)[1]
        return end
    finally:
        consumer.close()
