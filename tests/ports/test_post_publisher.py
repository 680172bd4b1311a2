"""PostPublisher: the real adapter and its twin pass the same suite."""

import random
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import consumer_config
from pipeline.adapters.kafka.raw_posts import KafkaPostPublisher
from pipeline.adapters.twins.raw_posts import MemoryPostPublisher
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.local.endpoints import Endpoints
from pipeline.ports.records import PostPublisher
from pipeline.settings import KafkaSettings
from schemas.topics import RAW

Fetch = Callable[[int, int], tuple[bytes, bytes]]
"""(partition, offset) to (key, value)."""


class Case:
    """One publisher and how to read back what it published."""

    def __init__(self, publisher: PostPublisher, fetch: Fetch) -> None:
        self.publisher = publisher
        self.fetch = fetch


def memory() -> Case:
    publisher = MemoryPostPublisher()
    return Case(publisher, lambda partition, offset: publisher.partitions[partition][offset])


def kafka(stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Case:
    settings = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    # A topic of our own: what is sent here are no posts, and other tests read posts.raw.
    topic = replace(RAW, name=f"posts.raw.{uuid.uuid4()}")
    monkeypatch.setattr("pipeline.adapters.kafka.raw_posts.RAW", topic)
    ensure_topics(settings, [topic])

    def fetch(partition: int, offset: int) -> tuple[bytes, bytes]:
        consumer = Consumer(consumer_config(settings, f"test-{uuid.uuid4()}"))
        try:
            consumer.assign([TopicPartition(topic.name, partition, offset)])
            message = consumer.poll(20.0)
            assert message is not None
            assert message.error() is None
            return message.key(), message.value()
        finally:
            consumer.close()

    return Case(KafkaPostPublisher(settings), fetch)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.integration)])
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    return memory() if request.param == "memory" else kafka(request.getfixturevalue("stack"), monkeypatch)


def test_every_record_is_reported_with_its_place(case: Case) -> None:
    for tag in range(500):
        case.publisher.send(f"acme/chirp:{tag % 9}".encode(), f"value {tag}".encode(), tag)
    published = case.publisher.settle()
    assert sorted(found.tag for found in published) == list(range(500))
    assert all(found.rejected is None for found in published)
    for found in published[::150]:
        assert case.fetch(found.partition, found.offset) == (
            f"acme/chirp:{found.tag % 9}".encode(),
            f"value {found.tag}".encode(),
        )


def test_records_of_one_key_keep_their_order(case: Case) -> None:
    for tag in range(200):
        case.publisher.send(b"acme/chirp:one", b"x", tag)
    published = sorted(case.publisher.settle())
    assert len({found.partition for found in published}) == 1
    offsets = [found.offset for found in published]
    assert offsets == sorted(offsets)


def test_settling_without_records_returns_nothing(case: Case) -> None:
    assert case.publisher.settle() == []
    case.publisher.send(b"k", b"v", 1)
    assert len(case.publisher.settle()) == 1
    assert case.publisher.settle() == []


@pytest.mark.parametrize("size", [RAW.max_message_bytes + 1, 3 * 2**20])
def test_a_record_that_is_too_large_is_rejected_and_the_next_is_taken(case: Case, size: int) -> None:
    # Noise: the broker measures the compressed record.
    case.publisher.send(b"k", random.Random(1).randbytes(size), 1)
    case.publisher.send(b"k", b"small", 2)
    first, second = sorted(case.publisher.settle())
    assert first.rejected is not None
    assert first.rejected.code == "too_large"
    assert second.rejected is None
    assert case.fetch(second.partition, second.offset) == (b"k", b"small")


def test_a_cluster_that_does_not_answer_is_a_missing_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.adapters.kafka.raw_posts.METADATA_TIMEOUT_S", 0.5)
    with pytest.raises(ServiceMissing, match="does not answer"):
        KafkaPostPublisher(KafkaSettings(bootstrap_servers="127.0.0.1:1"))


@pytest.mark.integration
def test_a_missing_topic_says_how_to_create_it(stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.adapters.kafka.raw_posts.RAW", replace(RAW, name=f"absent-{uuid.uuid4()}"))
    with pytest.raises(Misconfigured, match="topics apply"):
        KafkaPostPublisher(KafkaSettings(bootstrap_servers=stack.kafka_bootstrap))
