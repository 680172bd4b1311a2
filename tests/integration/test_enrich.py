"""The enrich worker as a process of its own on the real broker: everything is accounted for, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.adapters.kafka_config import client_config, producer_config
from pipeline.adapters.partitioning import partition_of
from pipeline.adapters.policy_writer import publish_policy
from pipeline.adapters.topic_admin import ensure_topics
from pipeline.adapters.topic_reader import read_topic
from pipeline.app.enrich import GROUP_ID
from pipeline.clock import SystemClock
from pipeline.codec import decode, encode
from pipeline.local.endpoints import Endpoints
from pipeline.local.processes import free_ports
from pipeline.settings import KafkaSettings
from schemas.dead_letter import decode_headers
from schemas.enrichment import ScoredPost
from schemas.policy import Policy
from schemas.post import Author, RawPost
from schemas.topics import ACTIONABLE, RAW, SCORED, all_topics, post_key

pytestmark = pytest.mark.integration
START_S = 90.0
WORK_S = 120.0
"""Generous: the machine may be busy with other things."""
TEXTS = (
    "the train is late again and nobody helps", "thank you, the crew was lovely", "there is smoke in car 5",
    "what time do you open?", "meh", "",
)  # fmt: skip


class Raw(NamedTuple):
    """One record for `posts.raw`."""

    key: bytes
    value: bytes
    partition: int


@pytest.fixture(scope="module")
def kafka(stack: Endpoints) -> KafkaSettings:
    settings = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
    ensure_topics(settings, all_topics())
    return settings


@pytest.fixture
def workspace(kafka: KafkaSettings) -> str:
    """A workspace of this test alone, with a policy."""
    name = f"enrich-{uuid.uuid4().hex[:8]}"
    rules = [
        {"name": "safety", "when": {"any_keyword": ["smoke"]}, "action": "respond", "queue": "care", "urgency": 1},
        {"name": "question", "when": {"question": True}, "action": "respond", "queue": "care"},
    ]
    policy = Policy.model_validate(
        {
            "workspace": name, "version": 1, "brand": {"name": "Acme"}, "rules": rules,
            "queues": [{"name": "care", "team": "care"}],
        }
    )  # fmt: skip
    publish_policy(kafka, policy)
    return name


def good(workspace: str, number: int) -> Raw:
    post = RawPost(
        workspace=workspace,
        post_id=f"x:{number}",
        platform="x",
        author=Author(author_id=f"x:a{number % 50}", followers=number),
        text=TEXTS[number % len(TEXTS)],
        created_at=SystemClock().now(),
    )
    key = post_key(workspace, post.author.author_id)
    return Raw(key, encode(post), partition_of(key, 4))


def bad(workspace: str) -> dict[str, Raw]:
    """One record for each way of being bad: code to record."""
    key, value, home = good(workspace, 1)
    other = f"{workspace}/x:other".encode()
    far = encode(decode(RawPost, value).model_copy(update={"created_at": SystemClock().now() + timedelta(days=2)}))
    return {
        "invalid_json": Raw(key, value[:60], home),
        "invalid_utf8": Raw(key, b"\xff" + value, home),
        "invalid_field": Raw(key, value.replace(b"thank you", b"x" * 900_000), home),
        "unknown_schema_version": Raw(key, value.replace(b'_version":1', b'_version":7'), home),
        "wrong_key": Raw(other, value, partition_of(other, 4)),
        "wrong_partition": Raw(key, value, (home + 1) % 4),
        "empty": Raw(key, b"", home),
        "created_in_future": Raw(key, far, home),
    }


def send(kafka: KafkaSettings, records: list[Raw]) -> None:
    producer = Producer(producer_config(kafka))
    for record in records:
        producer.produce(RAW.name, key=record.key, value=record.value, partition=record.partition)
        producer.poll(0)
    assert producer.flush(30) == 0


@contextmanager
def worker(kafka: KafkaSettings, state_dir: Path, port: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """A running enrich worker; killed at the end if it still runs."""
    environment = os.environ | {
        "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": str(kafka.bootstrap_servers),
        "EARSHOT_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "EARSHOT_STATE_DIR": str(state_dir),
        "EARSHOT_ENRICH__BATCH_SIZE": "32",
        "EARSHOT_OPERATE__HTTP_PORT": str(port),
    }
    process = subprocess.Popen([sys.executable, "-m", "pipeline.app.enrich"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def is_ready(port: int) -> bool:
    """Whether the worker of that health port has joined its group."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def scored(kafka: KafkaSettings, workspace: str, topic: str = SCORED.name) -> list[ScoredPost]:
    prefix = workspace.encode()
    return [
        decode(ScoredPost, message.value())
        for message in read_topic(kafka, topic)
        if (message.key() or b"").startswith(prefix)
    ]


def dead(kafka: KafkaSettings, workspace: str) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Code to (key, value) of this workspace's dead letters."""
    return {
        decode_headers(message.headers()).code: (message.key(), message.value())
        for message in read_topic(kafka, RAW.dlq.name)
        if (message.key() or b"").startswith(workspace.encode())
    }


def ids(posts: list[ScoredPost]) -> Counter[str]:
    return Counter(post.post_id for post in posts)


def wait_for(what: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.5)


def uncommitted(kafka: KafkaSettings) -> int:
    """Records of posts.raw that the group has not committed."""
    consumer = Consumer(client_config(kafka) | {"group.id": GROUP_ID})
    try:
        places = consumer.committed([TopicPartition(RAW.name, number) for number in range(4)], timeout=20)
        ends = [consumer.get_watermark_offsets(place, timeout=20)[1] for place in places]
        return sum(end - max(0, place.offset) for place, end in zip(places, ends, strict=True))
    finally:
        consumer.close()


def test_every_post_is_scored_or_dead_lettered_with_its_bytes_and_sigterm_ends_cleanly(
    kafka: KafkaSettings, workspace: str, tmp_path: Path
) -> None:
    records, broken = [good(workspace, number) for number in range(292)], bad(workspace)
    for number, record in enumerate(broken.values()):
        records.insert(30 * number + 7, record)
    send(kafka, records)
    with worker(kafka, tmp_path) as process:
        wait_for(lambda: uncommitted(kafka) == 0, START_S + WORK_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    found = scored(kafka, workspace)
    assert ids(found) == {f"x:{number}": 1 for number in range(292)}
    assert dead(kafka, workspace) == {code: (record.key, record.value) for code, record in broken.items()}
    assert all((post.sentiment is None) == (post.text == "") for post in found)
    work = {post.post_id for post in found if post.triage.action != "none"}
    assert work == {f"x:{number}" for number in range(292) if number % len(TEXTS) in (2, 3)}
    assert set(ids(scored(kafka, workspace, ACTIONABLE.name))) == work
    assert all(post.triage.priority >= 70 for post in found if "smoke" in (post.text or ""))
    for message in read_topic(kafka, SCORED.name):
        assert message.partition() == partition_of(message.key(), 4)


def test_kill_9_of_one_worker_or_of_one_of_two_loses_nothing_and_a_clean_stop_repeats_nothing(
    kafka: KafkaSettings, workspace: str, tmp_path: Path
) -> None:
    send(kafka, [good(workspace, number) for number in range(200)])
    with worker(kafka, tmp_path) as first:
        wait_for(lambda: len(ids(scored(kafka, workspace))) > 0, START_S + WORK_S)
        first.kill()
    [port] = free_ports(1)
    with worker(kafka, tmp_path) as second, worker(kafka, tmp_path, port) as third:
        wait_for(lambda: is_ready(port), START_S)
        before = len(ids(scored(kafka, workspace)))
        send(kafka, [good(workspace, number) for number in range(200, 600)])
        wait_for(lambda: len(ids(scored(kafka, workspace))) >= before + 50, WORK_S)
        second.kill()
        wait_for(lambda: len(ids(scored(kafka, workspace))) == 600, START_S + WORK_S)
        send(kafka, [good(workspace, number) for number in range(600, 650)])
        third.send_signal(signal.SIGTERM)
        assert third.wait(60) == 0
    stopped = ids(scored(kafka, workspace))
    # A kill or a rebalance repeats at most what was in flight: two batches of 32 a worker.
    assert sum(stopped.values()) - len(stopped) <= 4 * 64
    with worker(kafka, tmp_path):
        wait_for(lambda: len(ids(scored(kafka, workspace))) == 650, START_S + WORK_S)
    after = ids(scored(kafka, workspace))
    assert set(after) == {f"x:{number}" for number in range(650)}
    assert [post for post in after - stopped if post in stopped] == []
