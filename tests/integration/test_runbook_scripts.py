"""The runbook's scripts do on a real broker what the runbook says."""

import dataclasses
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.adapters.kafka_config import consumer_config, producer_config
from pipeline.adapters.topic_admin import ensure_topics
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from schemas.dead_letter import DeadLetterInfo, encode_headers
from schemas.message import SourcePosition
from schemas.topics import RAW, Topic

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
LIST, REPLAY = re.findall(r"```python\n(.*?)```", (ROOT / "deploy/runbook.md").read_text(), flags=re.DOTALL)
VALUES = [b'{"truncated', b"\xff\xfe", b'{"text": "private words"}']


@pytest.fixture(scope="module")
def kafka(stack: Endpoints) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)


@pytest.fixture(scope="module")
def topic(kafka: KafkaSettings) -> Topic:
    """A topic of this test with three dead letters."""
    source = dataclasses.replace(RAW, name=f"runbook-{uuid.uuid4()}")
    ensure_topics(kafka, [source, source.dlq])
    producer = Producer(producer_config(kafka))
    for offset, value in enumerate(VALUES):
        info = DeadLetterInfo(
            stage="enrich",
            code="invalid_json",
            detail="cut off",
            source=SourcePosition(topic=source.name, partition=0, offset=offset),
            appended_ms=1,
            failed_ms=2,
        )
        producer.produce(source.dlq.name, key=f"key-{offset}", value=value, headers=encode_headers(info))
    assert producer.flush(30) == 0
    return source


def run(script: str, kafka: KafkaSettings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"EARSHOT_KAFKA__BOOTSTRAP_SERVERS": str(kafka.bootstrap_servers)}
    command = [sys.executable, "-", *arguments]
    return subprocess.run(
        command, input=script, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False
    )


def records(kafka: KafkaSettings, topic: Topic) -> dict[bytes | None, bytes | None]:
    """Key to value of everything in the topic."""
    consumer = Consumer(consumer_config(kafka, f"test-{uuid.uuid4()}"))
    partitions = [
        TopicPartition(topic.name, number, 0)
        for number in range(topic.partition_count(kafka.post_partitions, kafka.route_partitions))
    ]
    waiting = sum(consumer.get_watermark_offsets(partition, timeout=10)[1] for partition in partitions)
    consumer.assign(partitions)
    found: dict[bytes | None, bytes | None] = {}
    while len(found) < waiting:
        record = consumer.poll(10)
        assert record is not None
        if not record.error():
            key, value = record.key(), record.value()
            assert not isinstance(key, str)
            assert not isinstance(value, str)
            found[key] = value
    consumer.close()
    return found


def test_the_list_shows_each_reason_and_never_the_record(kafka: KafkaSettings, topic: Topic) -> None:
    done = run(LIST, kafka, topic.dlq.name)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["0", "1", "2"]
    assert all('"code":"invalid_json"' in line and topic.name in line for line in lines)
    assert "private words" not in done.stdout + done.stderr


def test_the_replay_sends_the_named_offsets_back_untouched(kafka: KafkaSettings, topic: Topic) -> None:
    done = run(REPLAY, kafka, topic.dlq.name, "0", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"0 -> {topic.name}", f"1 -> {topic.name}"]
    assert records(kafka, topic) == {b"key-0": VALUES[0], b"key-1": VALUES[1]}


def test_the_replay_names_an_offset_that_is_not_there(kafka: KafkaSettings, topic: Topic) -> None:
    done = run(REPLAY, kafka, topic.dlq.name, "99")
    assert done.returncode == 1
    assert "offset 99" in done.stderr
