"""Runs the enrich worker as a process of its own on the real broker, for integration and fault tests."""

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.adapters.kafka.config import client_config, producer_config
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.policies.publication import publish_policy
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.stages.enrich import GROUP_ID
from pipeline.clock import SystemClock
from pipeline.codec import decode, encode
from pipeline.settings import KafkaSettings
from schemas.dead_letter import decode_headers
from schemas.people.customer import CustomerLink
from schemas.policy.policy import Policy
from schemas.posts.raw import Author, RawPost
from schemas.posts.scored import ScoredPost
from schemas.topics import RAW, SCORED, post_key

START_S = 90.0
WORK_S = 120.0
"""These limits are generous, because the machine may be busy with other things."""
TEXTS = (
    "the train is late again and nobody helps", "thank you, the crew was lovely", "there is smoke in car 5",
    "what time do you open?", "meh", "",
)  # fmt: skip


class Raw(NamedTuple):
    """Holds one record to send."""

    key: bytes
    value: bytes | None
    partition: int


def new_workspace(kafka: KafkaSettings) -> str:
    """Publishes a policy for a workspace of its own and returns the workspace."""
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


def good(workspace: str, number: int, text: str | None = None) -> Raw:
    """Makes a record of one of 50 authors, with one of `TEXTS` unless another text is given."""
    post = RawPost(
        workspace=workspace,
        post_id=f"x:{number}",
        platform="x",
        author=Author(author_id=f"x:a{number % 50}", followers=number),
        text=TEXTS[number % len(TEXTS)] if text is None else text,
        created_at=SystemClock().now(),
    )
    key = post_key(workspace, post.author.author_id)
    return Raw(key, encode(post), partition_of(key, 4))


def link_of(workspace: str, number: int) -> Raw:
    """Makes a record that links one of the 50 authors to a customer."""
    link = CustomerLink(workspace=workspace, author_id=f"x:a{number}", customer_id=f"C-{number}", value=0.9)
    key = post_key(workspace, link.author_id)
    return Raw(key, encode(link), partition_of(key, 4))


def bad(workspace: str) -> dict[str, Raw]:
    """Maps each error code to one record that is bad in that way."""
    key, value, home = good(workspace, 1)
    assert value is not None
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


def send(kafka: KafkaSettings, records: Sequence[Raw]) -> None:
    """Sends the records to `posts.raw` and returns when the broker has all of them."""
    send_to(kafka, RAW.name, records)


def send_to(kafka: KafkaSettings, topic: str, records: Sequence[Raw]) -> None:
    """Sends the records to a topic and returns when the broker has all of them."""
    producer = Producer(producer_config(kafka))
    for record in records:
        producer.produce(topic, key=record.key, value=record.value, partition=record.partition)
        producer.poll(0)
    assert producer.flush(30) == 0


@contextmanager
def worker(kafka: KafkaSettings, state_dir: Path, port: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs an enrich worker, which is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.app.stages.enrich"], env=environment_of(kafka, state_dir, port)
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def environment_of(kafka: KafkaSettings, state_dir: Path, port: int = 0) -> Mapping[str, str]:
    """Returns the environment of a worker with small batches and a short session."""
    return os.environ | {
        "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": str(kafka.bootstrap_servers),
        "EARSHOT_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "EARSHOT_STATE_DIR": str(state_dir),
        "EARSHOT_ENRICH__BATCH_SIZE": "32",
        "EARSHOT_OPERATE__HTTP_PORT": str(port),
    }


def is_ready(port: int) -> bool:
    """Says whether the worker of that health port has joined its group."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def scored(kafka: KafkaSettings, workspace: str, topic: str = SCORED.name) -> list[ScoredPost]:
    """Returns the scored posts of a workspace, each as often as it is there."""
    prefix = workspace.encode()
    return [
        decode(ScoredPost, message.value())
        for message in read_topic(kafka, topic)
        if (message.key() or b"").startswith(prefix)
    ]


def dead(kafka: KafkaSettings, workspace: str) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Maps error codes to (key, value) of this workspace's dead letters."""
    return {
        decode_headers(message.headers()).code: (message.key(), message.value())
        for message in read_topic(kafka, RAW.dlq.name)
        if (message.key() or b"").startswith(workspace.encode())
    }


def ids(posts: list[ScoredPost]) -> Counter[str]:
    """Counts how often each post is there."""
    return Counter(post.post_id for post in posts)


def wait_for(what: Callable[[], bool], seconds: float) -> None:
    """Polls until the condition holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.5)


def uncommitted(kafka: KafkaSettings, topic: str = RAW.name) -> int:
    """Counts the records of a topic that the group has not committed."""
    consumer = Consumer(client_config(kafka) | {"group.id": GROUP_ID})
    try:
        places = consumer.committed([TopicPartition(topic, number) for number in range(4)], timeout=20)
        ends = [consumer.get_watermark_offsets(place, timeout=20)[1] for place in places]
        return sum(end - max(0, place.offset) for place, end in zip(places, ends, strict=True))
    finally:
        consumer.close()
