"""Sends records that nothing waits for, and counts those that no broker took.

It never blocks and never raises, so that whoever sends them goes on as if nobody read them.
"""

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings

MOST_QUEUED = 20_000
"""Records that wait for a broker. With more, new ones are lost, and the memory of an outage is bounded."""
GIVEN_UP_MS = 120_000
CLOSE_S = 2.0


class BestEffortPublisher:
    """Sends records at least once while the brokers answer. It serves one thread.

    Args:
        kafka: resolved settings.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._producer = Producer(
            producer_config(kafka)
            | {
                # After a fatal error an idempotent producer would deliver nothing more.
                "enable.idempotence": False,
                "queue.buffering.max.messages": MOST_QUEUED,
                "delivery.timeout.ms": GIVEN_UP_MS,
            }
        )
        self.sent = 0
        """Records that the brokers have."""
        self.lost = 0
        """Records that were given up."""

    def send(self, record: Record) -> None:
        """Hands one record over, or gives it up."""
        try:
            self._producer.produce(record.topic, record.value, record.key, on_delivery=self._report)
        except (BufferError, KafkaException):
            self.lost += 1

    def poll(self) -> None:
        """Takes the reports of the brokers that are there."""
        self._producer.poll(0)

    def close(self) -> None:
        """Waits a moment for what is on its way. What no broker has taken then is lost."""
        self._producer.flush(CLOSE_S)

    def _report(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.sent += 1
        else:
            self.lost += 1
