"""Reads the changelog of one partition number to its end, in steps between which the group is polled.

A read_uncommitted client asks for the end. Just after a transaction the last stable offset of a partition may
still lag behind its commit marker (KAFKA-10167), and a restore up to there would lose the last transaction.
"""

from collections.abc import Callable

from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from pipeline.adapters.kafka.config import client_config, reader_config
from pipeline.adapters.kafka.messages import Remainder, error_of
from pipeline.adapters.kafka.transactional.clients import Clients
from pipeline.errors import MustRestart
from pipeline.settings import KafkaSettings

STEP_RECORDS = 5_000
STEP_S = 0.1
QUERY_TIMEOUT_S = 20.0
_GROUP = "earshot-restore"
"""The client needs a name, but never joins the group and never commits."""


class ChangelogReader:
    """Reads partition `partition` of `topic` from its beginning to the end that it has now."""

    def __init__(self, kafka: KafkaSettings, topic: str, partition: int, clients: Clients) -> None:
        self._place = TopicPartition(topic, partition, OFFSET_BEGINNING)
        self.end = end_offset(kafka, topic, partition, clients)
        """The offset at which the changelog ended when this reader was made, markers included."""
        self._consumer = clients.consumer(reader_config(kafka, _GROUP))
        self._consumer.assign([self._place])
        self._remainder = Remainder({partition: 0}, {partition: self.end})
        self.entries = 0

    def step(self, take: Callable[[bytes, bytes | None], None]) -> bool:
        """Hands some entries to `take`, and returns whether the end is reached. None means that the entity ended.

        Raises:
            MustRestart: the changelog cannot be read.
        """
        if not self._remainder:
            return True
        for message in self._consumer.consume(STEP_RECORDS, STEP_S):
            error = error_of(message)
            if error is not None:
                raise MustRestart(f"{self._place.topic}/{self._place.partition}: {error.str()}")
            if self._remainder.pass_by(message):
                self.entries += 1
                take(message.key(), message.value())
        return not self._remainder

    def close(self) -> None:
        """Ends the reading."""
        self._consumer.close()


def end_offset(kafka: KafkaSettings, topic: str, partition: int, clients: Clients) -> int:
    """Returns where a partition ends now, records of open transactions included.

    Raises:
        KafkaException: no broker answers in time.
    """
    config = client_config(kafka) | {"group.id": _GROUP, "isolation.level": "read_uncommitted"}
    consumer = clients.consumer(config)
    try:
        end: int = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=QUERY_TIMEOUT_S)[1]
        return end
    finally:
        consumer.close()
