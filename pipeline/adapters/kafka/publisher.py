"""Sends records to Kafka outside any transaction, and reports the fate of each one.

librdkafka's idempotent producer neither repeats nor reorders records by its own retries. The producer of Faust's
client can do both, and it cost the enrich stage .04 core-ms a post more, of 2.9 (measured, one run each).
"""

from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.adapters.kafka.messages import is_fatal
from pipeline.errors import EarshotError, MustRestart, Permanent, Transient
from pipeline.ports.records import Delivery, Record
from pipeline.settings import KafkaSettings

REPORTS_LATE_S = 5.0
"""librdkafka has given a record up at the record's own time-out, but may report so a moment later."""
QUEUE_FULL_WAIT_S = 0.1
_NO_ANSWER = Transient("no answer")
_NEVER_TAKEN = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.INVALID_RECORD})


class KafkaPublisher:
    """`ports.records.Publisher` on a cluster.

    Args:
        kafka: resolved settings.
        timeout_s: a record that the brokers have not taken after this time is given up. `settle` waits at most
            `REPORTS_LATE_S` longer.
    """

    def __init__(self, kafka: KafkaSettings, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._producer = Producer(producer_config(kafka) | {"delivery.timeout.ms": int(timeout_s * 1000)})
        self._deliveries: list[Delivery] = []

    def send(self, record: Record, tag: int = 0) -> None:
        """See `ports.records.Publisher.send`."""
        # Each record counts as unanswered until its report comes. A report that comes after `settle` has given
        # its record up falls into a list that nobody holds any more, so it cannot be taken for a later record's.
        deliveries = self._deliveries
        deliveries.append(Delivery(tag, failure=_NO_ANSWER))
        report = partial(_report, deliveries, len(deliveries) - 1, record.topic)
        while True:
            try:
                self._producer.produce(
                    record.topic, record.value, record.key, headers=list(record.headers), on_delivery=report
                )
                break
            except BufferError:
                self._producer.poll(QUEUE_FULL_WAIT_S)
            except KafkaException as error:
                report(error.args[0], None)
                break
        self._producer.poll(0)

    def settle(self) -> list[Delivery]:
        """See `ports.records.Publisher.settle`."""
        self._producer.flush(self._timeout_s + REPORTS_LATE_S)
        deliveries, self._deliveries = self._deliveries, []
        return deliveries


def _report(
    deliveries: list[Delivery], index: int, topic: str, error: KafkaError | None, message: Message | None
) -> None:
    tag = deliveries[index].tag
    if error is not None:
        deliveries[index] = Delivery(tag, failure=_failure(error, topic))
    elif message is not None:
        deliveries[index] = Delivery(tag, message.partition(), message.offset())


def _failure(error: KafkaError, topic: str) -> EarshotError:
    # After a fatal error an idempotent producer delivers nothing more, however often it is asked.
    if is_fatal(error):
        return MustRestart(error.str())
    if error.code() in _NEVER_TAKEN:
        return Permanent("too_large", f"{topic} does not take the record: {error.str()}")
    return Transient(error.str())
