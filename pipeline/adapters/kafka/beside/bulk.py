"""Sends many records as fast as the client takes them; only a bench may care so little about each one."""

from confluent_kafka import Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.errors import MustRestart
from pipeline.settings import KafkaSettings

FLUSH_S = 60.0


class BulkProducer:
    """A producer whose records are confirmed together.

    Args:
        kafka: resolved.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._producer = Producer(producer_config(kafka))

    def send(self, topic: str, value: bytes, key: bytes) -> None:
        """Hands a record to the client."""
        self._producer.produce(topic, value, key)
        self._producer.poll(0)

    def flush(self) -> None:
        """Returns when the brokers have every record.

        Raises:
            MustRestart: they did not take them within `FLUSH_S`.
        """
        if self._producer.flush(FLUSH_S) > 0:
            raise MustRestart("Kafka did not take the posts")
