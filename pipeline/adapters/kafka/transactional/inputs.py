"""Asks Kafka about the inputs of a transactional stage: their partitions, where to start, and where they end."""

import sys
from collections.abc import Mapping, Sequence

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.errors import Misconfigured, Permanent
from pipeline.loop.spec import StageSpec
from pipeline.ports.records import InputRecord
from pipeline.stages import group_of

ADMIN_TIMEOUT_S = 20.0
_PASSING = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.REQUEST_TIMED_OUT,
    }
)
"""Errors of a broker that stops or starts, and of a client whose broker is away."""
_NOT_KNOWN_YET = frozenset(
    {KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
"""A broker that has just started may say so of a topic that it holds. Where the topic is gone for good, whoever
fetches from it is told."""


def partitions_of(consumer: Consumer, spec: StageSpec) -> Mapping[str, int]:
    """Returns topic to its number of partitions, for everything that the stage reads and writes by number.

    Raises:
        Misconfigured: a topic is missing, or the numbers differ.
    """
    metadata = consumer.list_topics(timeout=ADMIN_TIMEOUT_S).topics
    names = (*spec.inputs, spec.changelog, spec.journal)
    missing = [name for name in names if name not in metadata]
    if missing:
        raise Misconfigured(f"missing topics: {', '.join(missing)}; create them with `earshot topics apply`")
    counts = {name: len(metadata[name].partitions) for name in names}
    if len(set(counts.values())) != 1:
        raise Misconfigured(f"these topics must have the same number of partitions: {counts}")
    return counts


def start_of(consumer: Consumer, stage: str, place: TopicPartition) -> TopicPartition:
    """Returns where an input is read from: its committed position, or its first record the first time.

    Raises:
        Misconfigured: records were removed before they were read, or the topic was created again.
    """
    low, high = consumer.get_watermark_offsets(place, timeout=ADMIN_TIMEOUT_S)
    if place.offset == OFFSET_INVALID:
        return TopicPartition(place.topic, place.partition, low)
    if place.offset < low:
        raise Misconfigured(
            f"{place.topic}/{place.partition}: {low - place.offset} records were removed by retention before "
            f"{stage} read them (committed {place.offset}, first available {low}). Nothing was "
            f"skipped: set the offset of group {group_of(stage)} by hand to accept the loss."
        )
    if place.offset > high:
        raise Misconfigured(
            f"{place.topic}/{place.partition} ends at {high}, but {stage} has read it to "
            f"{place.offset}: the topic was recreated or truncated. Set the offset of group "
            f"{group_of(stage)} by hand to go on."
        )
    return place


def end_offsets(consumer: Consumer, partition: int, topics: Sequence[str]) -> Mapping[str, int]:
    """Asks the broker where a partition of these topics ends now: topic to offset.

    Raises:
        KafkaException: for another reason than that no broker answers.
    """
    return {topic: _end_offset(consumer, TopicPartition(topic, partition)) for topic in topics}


def _end_offset(consumer: Consumer, place: TopicPartition) -> int:
    """Returns where the partition ends now.

    While no broker answers, or knows the topic, it ends at no offset that can be reached. So no input counts as
    read to its end, and no timer fires over what may be unread.
    """
    try:
        return int(consumer.get_watermark_offsets(place, timeout=ADMIN_TIMEOUT_S)[1])
    except KafkaException as error:
        if not passes(error.args[0]) and error.args[0].code() not in _NOT_KNOWN_YET:
            raise
        return sys.maxsize


def passes(error: KafkaError) -> bool:
    """Whether the error is over once a broker answers again."""
    return bool(error.retriable()) or error.code() in _PASSING


def partition_error(partitions: Mapping[str, int], record: InputRecord) -> Permanent | None:
    """Returns what is wrong with the partition that a record lies in; None if nothing is."""
    expected = None if record.key is None else partition_of(record.key, partitions[record.topic])
    if expected == record.partition:
        return None
    where = "the record has no key" if expected is None else f"its key belongs to partition {expected}"
    return Permanent("wrong_partition", f"found on partition {record.partition}, but {where}")
