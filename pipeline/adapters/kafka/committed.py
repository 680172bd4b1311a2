"""Committed offsets with their metadata, asked through librdkafka.

In: a consumer, partitions. Out: where its group stands. Never here: what the metadata means.
"""

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

TRIES = 10
"""What follows the metadata changes with every allocation: a second try nearly always finds the end at once."""
PAUSE_S = 0.01


def committed_offsets(
    consumer: Consumer, places: Sequence[TopicPartition], timeout_s: float
) -> list[TopicPartition]:
    """Where the consumer's group stands at each of `places`, with the metadata of the commit.

    librdkafka keeps metadata without an end, and the Python client reads on until a byte that is 0 (seen with
    confluent-kafka 2.16.1 in a busy worker). So whoever reads metadata must find its end by itself. Bytes behind
    it that are no UTF-8 raise an error, which is met by asking again.

    Raises:
        KafkaException: the brokers do not answer, or no try gave readable metadata.
    """
    for _ in range(TRIES):
        try:
            found: list[TopicPartition] = consumer.committed(list(places), timeout=timeout_s)
        except UnicodeDecodeError:
            time.sleep(PAUSE_S)
            continue
        return found
    raise KafkaException(KafkaError(KafkaError._BAD_MSG, "the metadata of the group's commits cannot be read"))
