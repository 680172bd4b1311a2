"""Asks for committed offsets with their metadata through librdkafka, whose answer may be damaged."""

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

TRIES = 10
"""What follows the metadata in memory changes with every allocation, so a second try nearly always succeeds."""
PAUSE_S = 0.01


def committed_offsets(
    consumer: Consumer, places: Sequence[TopicPartition], timeout_s: float
) -> list[TopicPartition]:
    """Returns where the consumer's group stands at each of `places`, with the metadata of the commit.

    librdkafka keeps metadata without an end, and the Python client reads on until a byte that is 0 (seen with
    confluent-kafka 2.16.1 in a busy worker). So whoever reads metadata must find its end by itself. Where the
    bytes behind it are no UTF-8, the client raises an error, and this function asks again.

    Raises:
        KafkaException: the brokers do not answer, or no try gave readable metadata.
    """
    for _ in range(TRIES):
        try:
            committed: list[TopicPartition] = consumer.committed(list(places), timeout=timeout_s)
        except UnicodeDecodeError:
            time.sleep(PAUSE_S)
            continue
        return committed
    raise KafkaException(KafkaError(KafkaError._BAD_MSG, "the metadata of the group's commits cannot be read"))
