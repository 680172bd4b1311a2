"""Says what consumer groups have not read yet, as a read_committed reader sees it. Markers are no records."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.adapters.kafka.committed import committed_offsets
from pipeline.adapters.kafka.config import reader_config
from pipeline.adapters.kafka.reader import TIMEOUT_S
from pipeline.errors import ServiceMissing
from pipeline.settings import KafkaSettings

PEEK_S = 5.0
"""A record that a broker has not delivered by then does not exist."""
LOADING_S = 20.0
"""A broker that has just started loads its groups first, and answers so until then."""
RETRY_S = 0.5
T = TypeVar("T")
_LOADING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


@dataclass(frozen=True)
class Unread:
    """The records of one partition that a group has not committed. `at_most` counts markers too."""

    group: str
    topic: str
    partition: int
    at_most: int

    def __str__(self) -> str:
        return f"{self.group} has up to {self.at_most} records of {self.topic}/{self.partition} to read"


def unread_of(kafka: KafkaSettings, group: str, topics: Iterable[str]) -> list[Unread]:
    """Returns the partitions of `topics` in which the group has records to read; none when it is up to date.

    Raises:
        ServiceMissing: a topic does not exist, or no broker answers.
    """
    return _patiently(kafka, lambda: _behind(kafka, group, list(topics)))


def committed_of(kafka: KafkaSettings, group: str, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
    """Returns topic to partition to the group's committed offset, which is 0 where it has never committed.

    Raises:
        ServiceMissing: a topic does not exist, or no broker answers.
    """
    return _patiently(kafka, lambda: _committed(kafka, group, list(topics)))


def _patiently(kafka: KafkaSettings, ask: Callable[[], T]) -> T:
    deadline_s = time.monotonic() + LOADING_S
    while True:
        try:
            return ask()
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.code() not in _LOADING or time.monotonic() >= deadline_s:
                raise ServiceMissing(
                    f"Kafka at {kafka.bootstrap_servers} does not answer: {cause.str()}"
                ) from None
        time.sleep(RETRY_S)


def _commits(consumer: Consumer, topics: Sequence[str]) -> list[TopicPartition]:
    """Returns every partition of the topics with the group's commit.

    Raises:
        KafkaException: a broker does not answer, or an open transaction is about to change a commit.
    """
    existing = consumer.list_topics(timeout=TIMEOUT_S).topics
    missing = [topic for topic in topics if topic not in existing]
    if missing:
        raise ServiceMissing(f"topics do not exist: {', '.join(missing)}: run `earshot topics apply`")
    places = [TopicPartition(topic, n) for topic in topics for n in sorted(existing[topic].partitions)]
    committed = committed_offsets(consumer, places, TIMEOUT_S)
    for place in committed:
        if place.error is not None:
            raise KafkaException(place.error)
    return committed


def _committed(kafka: KafkaSettings, group: str, topics: Sequence[str]) -> Mapping[str, Mapping[int, int]]:
    consumer = Consumer(reader_config(kafka, group))
    try:
        offsets: dict[str, dict[int, int]] = {topic: {} for topic in topics}
        for place in _commits(consumer, topics):
            offsets[place.topic][place.partition] = max(0, place.offset)
        return offsets
    finally:
        consumer.close()


def _behind(kafka: KafkaSettings, group: str, topics: Sequence[str]) -> list[Unread]:
    consumer = Consumer(reader_config(kafka, group))
    try:
        behind = []
        for place in _commits(consumer, topics):
            low, end = consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
            start = low if place.offset == OFFSET_INVALID else max(low, place.offset)
            if end > start and holds_record(consumer, TopicPartition(place.topic, place.partition, start)):
                behind.append(Unread(group, place.topic, place.partition, end - start))
        return behind
    finally:
        consumer.close()


def holds_record(consumer: Consumer, start: TopicPartition) -> bool | None:
    """Whether there is a record from `start` on, and not only transaction markers; None when no broker answers.

    Args:
        consumer: read_committed, with end-of-partition events, without an assignment of its own.
        start: the offset to look from.
    """
    # Only a fetch can tell. Offsets alone do not say whether a record or a marker lies at them.
    consumer.assign([start])
    message = consumer.poll(PEEK_S)
    consumer.unassign()
    if message is None:
        return None
    return message.error() is None or message.error().code() != KafkaError._PARTITION_EOF
