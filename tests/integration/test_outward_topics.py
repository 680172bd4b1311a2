"""Clients of other systems fetch batches as they lie on the broker, before any client has unpacked them."""

import uuid

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from confluent_kafka import Producer

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import producer_config
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from schemas.topics import Topic, team_topic

pytestmark = pytest.mark.integration
NONE, GZIP, LZ4 = 0, 1, 3
"""These are codecs in the attributes of a record batch (KIP-98)."""


async def codecs_fetched(stack: Endpoints, topic: str) -> list[int]:
    """Returns the codec of each batch of partition 0, as a fetch of the oldest version that brokers answer brings
    it.
    """
    client = AIOKafkaClient(bootstrap_servers=stack.kafka_bootstrap)
    await client.bootstrap()
    try:
        client.add_topic(topic)
        await client.force_metadata_update()
        leader = client.cluster.leader_for_partition(TopicPartition(topic, 0))
        wanted = [(topic, [(0, 0, 2**20)])]
        answer = await client.send(leader, FetchRequest(1000, 1, 2**22, 1, wanted))
        records = MemoryRecords(answer.topics[0][1][0][-1])
        found = []
        while (batch := records.next_batch()) is not None:
            found.append(batch.compression_type)
        return found
    finally:
        await client.close()


def write(kafka: KafkaSettings, topic: Topic) -> None:
    """Writes as the router does, with the producer of every stage."""
    ensure_topics(kafka, [topic])
    producer = Producer(producer_config(kafka))
    for _ in range(3):
        producer.produce(topic.name, b'{"text": "' + b"again and again " * 200 + b'"}', partition=0)
        assert producer.flush(30) == 0


async def test_what_other_systems_fetch_is_gzip_and_what_stages_fetch_is_lz4(stack: Endpoints) -> None:
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    workspace = f"outward-{uuid.uuid4().hex[:8]}"
    outward = team_topic(workspace, "care")
    inner = Topic(f"inner.{workspace}", "case_id", "as outward", None, "R", "delete", 3, ("route",), ("sink",))
    for topic in (outward, inner):
        write(kafka, topic)
    assert await codecs_fetched(stack, outward.name) == [GZIP] * 3
    assert await codecs_fetched(stack, inner.name) == [LZ4] * 3
