"""Records to Kafka outside any transaction: all are confirmed, or an error says how many are not.

In: records. Out: records that the brokers have. Never here: a batch that half counts as delivered.

librdkafka's idempotent producer neither repeats nor reorders by its own retries. The one of Faust's client can do
both, and cost the enrich stage .05 core-ms a post more, of 2.9 (measured).
"""

from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from pipeline.adapters.kafka_config import producer_config
from pipeline.errors import Transient
from pipeline.ports import Outgoing
from pipeline.settings import KafkaSettings

_REPORTS_LATE_S = 5.0
"""Beyond a record's own timeout librdkafka has given it up, but may not have said so yet."""


class KafkaOutbox:
    """`ports.Outbox` on Kafka.

    Args:
        kafka: resolved.
        timeout_s: longest time of one `deliver`.
    """

    def __init__(self, kafka: KafkaSettings, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._producer = Producer(producer_config(kafka) | {"delivery.timeout.ms": int(timeout_s * 1000)})

    def deliver(self, records: Sequence[Outgoing]) -> None:
        """See `ports.Outbox.deliver`."""
        delivery = _Delivery()
        for record in records:
            self._produce(record, delivery)
        self._producer.flush(self._timeout_s + _REPORTS_LATE_S)
        if left := len(records) - delivery.arrived:
            reason = delivery.failed[0] if delivery.failed else "no answer"
            raise Transient(f"{left} of {len(records)} records were not delivered: {reason}")

    def _produce(self, record: Outgoing, delivery: "_Delivery") -> None:
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    headers=list(record.headers),
                    on_delivery=delivery.report,
                )
                return
            except BufferError:
                # More at once than the producer's queue holds: let some go first.
                self._producer.poll(0.1)
            except KafkaException as error:
                raise Transient(f"{record.topic} does not take a record: {error.args[0].str()}") from None


class _Delivery:
    """What became of the records of one call; late reports of an earlier one count there."""

    def __init__(self) -> None:
        self.arrived = 0
        self.failed: list[str] = []

    def report(self, error: object, _message: object) -> None:
        if error is None:
            self.arrived += 1
        else:
            self.failed.append(str(error))
