"""Reads a whole topic, up to the end that it has at the start, as a read_committed reader sees it."""

from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipeline.adapters.kafka_config import reader_config
from pipeline.errors import ServiceMissing
from pipeline.settings import KafkaSettings

TIMEOUT_S = 20.0
BATCH_RECORDS = 5_000
BATCH_S = 0.1
_GROUP = "earshot-read"
"""Only assigned, never subscribed or committed."""


def read_topic(kafka: KafkaSettings, topic: str) -> Iterator[Message]:
    """Every record of a topic: partitions interleaved, offsets of each in order.

    Raises:
        ServiceMissing: there is no such topic, or a broker does not answer.
    """
    consumer = Consumer(reader_config(kafka, _GROUP))
    try:
        waiting = set(range(partitions_of(consumer, kafka, topic)))
        ends = {n: consumer.get_watermark_offsets(TopicPartition(topic, n), timeout=TIMEOUT_S)[1] for n in waiting}
        waiting -= {n for n, end in ends.items() if end == 0}
        if waiting:
            consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in waiting])
        while waiting:
            for message in consumer.consume(BATCH_RECORDS, BATCH_S):
                n, error = message.partition(), message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise ServiceMissing(f"{topic}/{n}: {error.str()}")
                # The end-of-partition event also tells of markers and aborted records behind the last record.
                if error is not None or message.offset() + 1 >= ends[n]:
                    waiting.discard(n)
                if error is None and message.offset() < ends[n]:
                    yield message
    finally:
        consumer.close()


def partitions_of(consumer: Consumer, kafka: KafkaSettings, topic: str) -> int:
    """How many partitions the topic has.

    Raises:
        ServiceMissing: there is no such topic, or no broker answers.
    """
    try:
        found = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic]
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        raise ServiceMissing(f"Kafka at {kafka.bootstrap_servers} does not answer: {cause.str()}") from None
    if found.error is not None:
        raise ServiceMissing(f"topic {topic} does not exist: run `earshot topics apply`")
    return len(found.partitions)
