"""Records to Kafka outside any transaction: all are confirmed, or an error says how many are not.

In: records. Out: records that the brokers have. Never here: a batch that half counts as delivered.

librdkafka's idempotent producer neither repeats nor reorders by its own retries. The one of Faust's client can do
both, and cost the enrich stage .04 core-ms a post more, of 2.9 (measured, one run each).
"""

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.errors import EarshotError, MustRestart, Transient
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings

REPORTS_LATE_S = 5.0
"""Beyond a record's own timeout librdkafka has given it up, but may not have said so yet."""


class KafkaRecordPublisher:
    """`ports.RecordPublisher` on Kafka.

    Args:
        kafka: resolved.
        timeout_s: after which a record that the brokers have not taken is given up; `publish` ends at most
            `REPORTS_LATE_S` later.
    """

    def __init__(self, kafka: KafkaSettings, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._producer = Producer(producer_config(kafka) | {"delivery.timeout.ms": int(timeout_s * 1000)})

    def publish(self, records: Sequence[Record]) -> None:
        """See `ports.RecordPublisher.publish`."""
        arrived, failed = 0, list[KafkaError]()

        def report(error: KafkaError | None, _message: object) -> None:
            nonlocal arrived
            if error is None:
                arrived += 1
            else:
                failed.append(error)

        for record in records:
            self._produce(record, report)
        self._producer.flush(self._timeout_s + REPORTS_LATE_S)
        if left := len(records) - arrived:
            said = f"{left} of {len(records)} records were not delivered"
            raise _failure(failed[0], said) if failed else Transient(f"{said}: no answer")

    def _produce(self, record: Record, report: Callable[[KafkaError | None, object], None]) -> None:
        headers = list(record.headers)
        while True:
            try:
                self._producer.produce(record.topic, record.value, record.key, headers=headers, on_delivery=report)
                return
            except BufferError:
                # More at once than the producer's queue holds: let some go first.
                self._producer.poll(0.1)
            except KafkaException as error:
                raise _failure(error.args[0], f"{record.topic} does not take a record") from None


def _failure(error: KafkaError, said: str) -> EarshotError:
    """After a fatal error an idempotent producer delivers nothing more, however often it is asked."""
    return (MustRestart if error.fatal() else Transient)(f"{said}: {error.str()}")
