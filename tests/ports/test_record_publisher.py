"""The publisher of stages without transactions: both of them, then what only a real broker can do."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.partitioning import partition_of
from pipeline.adapters.kafka.publisher import KafkaRecordPublisher
from pipeline.adapters.kafka.reader import read_topic
from pipeline.adapters.twins.publisher import MemoryRecordPublisher
from pipeline.errors import Transient
from pipeline.local.endpoints import Endpoints
from pipeline.ports.records import Record, RecordPublisher
from pipeline.settings import KafkaSettings
from schemas.topics import SCORED

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Case:
    """One publisher, a topic, and how to read it."""

    publisher: RecordPublisher
    topic: str
    read: Callable[[], list[Record]]


def memory() -> Case:
    publisher = MemoryRecordPublisher()
    return Case(publisher, "out", lambda: publisher.delivered)


def kafka(stack: Endpoints) -> Case:
    settings = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    topic = replace(SCORED, name=f"out.{uuid.uuid4()}")
    ensure_topics(settings, [topic])

    def read() -> list[Record]:
        found = []
        for message in read_topic(settings, topic.name):
            assert message.partition() == partition_of(message.key(), settings.post_partitions)
            found.append(Record(topic.name, message.key(), message.value(), tuple(message.headers() or ())))
        return found

    return Case(KafkaRecordPublisher(settings, TIMEOUT_S), topic.name, read)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.integration)])
def case(request: pytest.FixtureRequest) -> Case:
    return memory() if request.param == "memory" else kafka(request.getfixturevalue("stack"))


def test_everything_is_there_when_deliver_returns_byte_for_byte_and_in_the_order_of_each_key(case: Case) -> None:
    noise = random.Random(1)
    sent = [
        Record(case.topic, f"acme/x:{number % 7}".encode(), noise.randbytes(20), (("n", str(number).encode()),))
        for number in range(3000)
    ]
    for first in range(0, len(sent), 1000):
        case.publisher.publish(sent[first : first + 1000])
        assert len(case.read()) == min(len(sent), first + 1000)
    for number in range(7):
        key = f"acme/x:{number}".encode()
        assert [one for one in case.read() if one.key == key] == [one for one in sent if one.key == key]


def test_a_tombstone_is_delivered_and_nothing_is_no_error(case: Case) -> None:
    case.publisher.publish([])
    case.publisher.publish([Record(case.topic, b"k", None)])
    assert case.read() == [Record(case.topic, b"k", None)]


def test_a_cluster_that_does_not_answer_is_an_error_that_counts_the_records() -> None:
    publisher = KafkaRecordPublisher(KafkaSettings(bootstrap_servers="127.0.0.1:1"), 1.0)
    with pytest.raises(Transient, match="2 of 2 records were not delivered"):
        publisher.publish([Record("out", b"k", b"v")] * 2)


@pytest.mark.integration
def test_a_record_that_the_broker_refuses_is_an_error_and_the_others_are_there(stack: Endpoints) -> None:
    case = kafka(stack)
    large = random.Random(1).randbytes(SCORED.max_message_bytes + 1)
    with pytest.raises(Transient, match="1 of 3 records were not delivered"):
        case.publisher.publish([Record(case.topic, b"k", value) for value in (b"one", large, b"two")])
    assert [one.value for one in case.read()] == [b"one", b"two"]
