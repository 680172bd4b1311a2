"""Provides topics, producers and readers for fault runs on the real broker."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.adapters.kafka.config import PARTITIONER

PARTITIONS = 2


class Lab:
    """Holds the topics `<name>.{a,b,out,state,journal}` of one run, and its worker processes."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.name = f"lab-{uuid.uuid4().hex[:8]}"
        config = {"message.timestamp.type": "LogAppendTime"}
        topics = [
            NewTopic(f"{self.name}.{part}", PARTITIONS, 1, config=config) for part in ("a", "b", "out", "journal")
        ]
        topics.append(NewTopic(f"{self.name}.state", PARTITIONS, 1, config=config | {"cleanup.policy": "compact"}))
        topics += [NewTopic(f"{self.name}.{part}.dlq", 1, 1, config=config) for part in ("a", "b")]
        admin = AdminClient({"bootstrap.servers": bootstrap})  # must outlive its futures
        for future in admin.create_topics(topics).values():
            future.result(30)
        self._producer = Producer({"bootstrap.servers": bootstrap, "partitioner": PARTITIONER, "linger.ms": 5})
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Starts one worker."""
        command = [sys.executable, "-m", "tests.faults.counting_agent", self.name, self.bootstrap]
        worker = subprocess.Popen(command, start_new_session=True)
        self.workers.append(worker)
        return worker

    def send(self, part: str, body: dict[str, Any] | bytes, key: str) -> None:
        """Produces one input, keyed as the loop expects."""
        value = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._producer.produce(f"{self.name}.{part}", value, key.encode())
        self._producer.poll(0)

    def flush(self) -> None:
        """Waits until everything sent is delivered."""
        assert self._producer.flush(30) == 0

    def read(self, part: str, isolation: str = "read_committed") -> list[Message]:
        """Returns everything on a topic, by partition and offset."""
        topic = f"{self.name}.{part}"
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": f"read-{uuid.uuid4()}",
                             "isolation.level": isolation, "enable.partition.eof": True})  # fmt: skip
        count = len(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, n, 0) for n in range(count)])
        found: list[Message] = []
        ended = 0
        while ended < count:
            for message in consumer.consume(1000, 0.1):
                if message.error() is None:
                    found.append(message)
                else:
                    ended += 1
        consumer.close()
        return sorted(found, key=lambda m: (m.partition(), m.offset()))

    def values(self, part: str) -> list[dict[str, Any]]:
        """Returns the decoded values of a topic."""
        return [json.loads(message.value()) for message in self.read(part)]

    def wait(self, reached: Callable[[], bool], timeout_s: float = 60) -> None:
        """Polls until `reached()` is true."""
        deadline = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < deadline, "not reached in time"
            time.sleep(0.2)

    def close(self) -> None:
        """Kills every worker."""
        for worker in self.workers:
            worker.kill()
            worker.wait()


def gapless(values: Iterable[dict[str, Any]]) -> bool:
    """Says whether the counts of each key are 1, 2, 3 and so on, in order."""
    seen: dict[str, int] = {}
    for value in values:
        if "n" in value:
            if value["n"] != seen.get(value["k"], 0) + 1:
                return False
            seen[value["k"]] = value["n"]
    return True
