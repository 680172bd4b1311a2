"""Publishes records in one transaction, so that readers of committed records see all of them or none."""

from collections.abc import Iterable

from confluent_kafka import KafkaException, Producer

from pipeline.adapters.kafka.config import producer_config
from pipeline.errors import ServiceMissing, Transient
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings

BEGIN_S = 30.0
COMMIT_S = 300.0
"""A million records were delivered long before that."""
TRANSACTION_MS = 600_000
"""A transaction whose process died is ended by the brokers after this time. They allow 15 minutes at most."""
_QUEUE_FULL_WAIT_S = 0.1


def publish_at_once(kafka: KafkaSettings, name: str, records: Iterable[Record]) -> int:
    """Sends records and returns their number once all of them are committed.

    Args:
        kafka: resolved.
        name: of what is published. A second call with the same name ends a first one that still runs.
        records: of any topics. What raises while they are made is passed on, and nothing is published.

    Raises:
        ServiceMissing: no broker answers.
        Transient: the transaction was not committed; or it is not known whether it was, and the same call again
            gives the same state.
    """
    producer = Producer(
        producer_config(kafka) | {"transactional.id": name, "transaction.timeout.ms": TRANSACTION_MS}
    )
    try:
        producer.init_transactions(BEGIN_S)
    except KafkaException as error:
        servers = kafka.bootstrap_servers
        raise ServiceMissing(f"Kafka at {servers} does not answer: {error.args[0].str()}") from None
    try:
        producer.begin_transaction()
        count = _send(producer, records)
        producer.commit_transaction(COMMIT_S)
    except BaseException as error:
        _abort(producer)
        if isinstance(error, KafkaException):
            raise Transient(f"nothing was committed as far as is known: {error.args[0].str()}") from None
        raise
    return count


def _send(producer: Producer, records: Iterable[Record]) -> int:
    count = 0
    for record in records:
        while True:
            try:
                producer.produce(record.topic, record.value, record.key)
                break
            except BufferError:
                producer.poll(_QUEUE_FULL_WAIT_S)
        count += 1
        producer.poll(0)
    return count


def _abort(producer: Producer) -> None:
    try:
        producer.abort_transaction(BEGIN_S)
    except KafkaException:
        # The brokers end it after `TRANSACTION_MS`.
        return
