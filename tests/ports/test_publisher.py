"""The publisher on Kafka and its twin pass the same suite; then what only a cluster that is away can show."""

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from pipeline.adapters.in_memory.publisher import MemoryPublisher
from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reader import read_topic
from pipeline.errors import Permanent, Transient
from pipeline.local.endpoints import Endpoints
from pipeline.ports.records import Publisher, Record, deliver
from pipeline.settings import KafkaSettings
from schemas.topics import RAW

TIMEOUT_S = 30.0
Log = Mapping[tuple[int, int], Record]
"""(partition, offset) to the record there, offsets of each partition ascending."""


@dataclass(frozen=True)
class Case:
    """One publisher, a topic of its own, and how to read it."""

    publisher: Publisher
    topic: str
    read: Callable[[], Log]

    def record(self, number: int, key: bytes, value: bytes | None) -> Record:
        return Record(self.topic, key, value, (("n", str(number).encode()),))


def memory() -> Case:
    publisher = MemoryPublisher()

    def read() -> Log:
        return {
            (partition, offset): record
            for (_, partition), log in publisher.logs.items()
            for offset, record in enumerate(log)
        }

    return Case(publisher, "out", read)


def kafka(stack: Endpoints) -> Case:
    settings = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    topic = replace(RAW, name=f"out.{uuid.uuid4()}")
    ensure_topics(settings, [topic])

    def read() -> Log:
        log: dict[tuple[int, int], Record] = {}
        for message in read_topic(settings, topic.name):
            assert message.partition() == partition_of(message.key(), settings.post_partitions)
            headers = tuple(message.headers() or ())
            place = message.partition(), message.offset()
            log[place] = Record(topic.name, message.key(), message.value(), headers)
        return log

    return Case(KafkaPublisher(settings, TIMEOUT_S), topic.name, read)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.integration)])
def case(request: pytest.FixtureRequest) -> Case:
    return memory() if request.param == "memory" else kafka(request.getfixturevalue("stack"))


def test_each_delivery_names_the_place_of_its_record_in_the_order_of_sending(case: Case) -> None:
    sent = [case.record(tag, f"acme/chirp:{tag % 9}".encode(), f"value {tag}".encode()) for tag in range(500)]
    for tag, record in enumerate(sent):
        case.publisher.send(record, tag)
    deliveries = case.publisher.settle()
    assert [delivery.tag for delivery in deliveries] == list(range(500))
    assert all(delivery.failure is None for delivery in deliveries)
    log = case.read()
    for delivery in deliveries:
        assert log[delivery.partition, delivery.offset] == sent[delivery.tag]


def test_records_of_one_key_keep_their_order(case: Case) -> None:
    for tag in range(200):
        case.publisher.send(case.record(tag, b"acme/chirp:one", b"x"), tag)
    deliveries = case.publisher.settle()
    assert len({delivery.partition for delivery in deliveries}) == 1
    offsets = [delivery.offset for delivery in deliveries]
    assert offsets == sorted(offsets)


def test_settling_without_records_returns_nothing(case: Case) -> None:
    assert case.publisher.settle() == []
    case.publisher.send(case.record(1, b"k", b"v"), 1)
    assert len(case.publisher.settle()) == 1
    assert case.publisher.settle() == []


@pytest.mark.parametrize("size", [RAW.max_message_bytes + 1, 3 * 2**20])
def test_a_record_that_is_too_large_is_refused_and_the_next_is_taken(case: Case, size: int) -> None:
    # Noise: the broker measures the compressed record.
    case.publisher.send(case.record(1, b"k", random.Random(1).randbytes(size)), 1)
    small = case.record(2, b"k", b"small")
    case.publisher.send(small, 2)
    first, second = case.publisher.settle()
    assert isinstance(first.failure, Permanent)
    assert first.failure.code == "too_large"
    assert second.failure is None
    assert case.read() == {(second.partition, second.offset): small}


def test_everything_is_there_when_deliver_returns_byte_for_byte_and_in_the_order_of_each_key(case: Case) -> None:
    noise = random.Random(1)
    sent = [case.record(n, f"acme/x:{n % 7}".encode(), noise.randbytes(20)) for n in range(3000)]
    for first in range(0, len(sent), 1000):
        deliver(case.publisher, sent[first : first + 1000])
        assert len(case.read()) == first + 1000
    delivered = list(case.read().values())
    for number in range(7):
        key = f"acme/x:{number}".encode()
        assert [one for one in delivered if one.key == key] == [one for one in sent if one.key == key]


def test_a_tombstone_is_delivered_and_nothing_is_no_error(case: Case) -> None:
    deliver(case.publisher, [])
    tombstone = Record(case.topic, b"k", None)
    deliver(case.publisher, [tombstone])
    assert list(case.read().values()) == [tombstone]


def test_what_the_topic_does_not_take_is_an_error_and_the_others_are_there(case: Case) -> None:
    large = random.Random(1).randbytes(RAW.max_message_bytes + 1)
    with pytest.raises(Transient, match="1 of 3 records were not delivered"):
        deliver(case.publisher, [Record(case.topic, b"k", value) for value in (b"one", large, b"two")])
    assert [record.value for record in case.read().values()] == [b"one", b"two"]


def test_a_cluster_that_does_not_answer_is_an_error_that_counts_the_records() -> None:
    publisher = KafkaPublisher(KafkaSettings(bootstrap_servers="127.0.0.1:1"), 1.0)
    with pytest.raises(Transient, match="2 of 2 records were not delivered"):
        deliver(publisher, [Record("out", b"k", b"v")] * 2)
    assert publisher.settle() == [], "what was given up is no part of the next batch"
