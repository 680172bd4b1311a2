"""Topics and workers for fault runs over a Faust table, and the truth that the table is compared with."""

import json
import random
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.adapters.kafka.config import PARTITIONER
from pipeline.adapters.kafka.reader import read_topic
from pipeline.settings import KafkaSettings
from schemas.dead_letter import dead_letters_of

PARTITIONS = 4
KEYS = 40

Rows = dict[bytes, tuple[int, int]]
"""Maps a key to how many records it has had, and the offset of the last one."""


class TableLab:
    """Holds the topics `<name>.{in,rows}` of one run, and its workers."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.kafka = KafkaSettings(bootstrap_servers=bootstrap)
        self.name = f"table-{uuid.uuid4().hex[:8]}"
        self.input, self.changelog = f"{self.name}.in", f"{self.name}.rows"
        self._folder = folder
        self._workers: list[subprocess.Popen[bytes]] = []
        config = {"message.timestamp.type": "LogAppendTime"}
        admin = AdminClient({"bootstrap.servers": bootstrap})  # must outlive its futures
        topics = [
            NewTopic(self.input, PARTITIONS, 1, config=config),
            NewTopic(self.changelog, PARTITIONS, 1, config=config | {"cleanup.policy": "compact"}),
            NewTopic(dead_letters_of(self.input), 1, 1, config=config),
        ]
        for future in admin.create_topics(topics).values():
            future.result(30)
        self._producer = Producer({"bootstrap.servers": bootstrap, "partitioner": PARTITIONER, "linger.ms": 5})
        self._random = random.Random(14)
        self.sent = 0

    def start(self, *weaknesses: str) -> "subprocess.Popen[bytes]":
        """Starts one worker; it says so in its file once its table is restored."""
        bootstrap = str(self.kafka.bootstrap_servers)
        command = [sys.executable, "-m", "tests.faults.table_worker", bootstrap, self.name, str(PARTITIONS)]
        with (self._folder / f"worker-{len(self._workers)}.log").open("wb") as file:
            worker = subprocess.Popen([*command, *weaknesses], stdout=file, stderr=file)
        self._workers.append(worker)
        return worker

    def started(self, worker: "subprocess.Popen[bytes]") -> bool:
        """Whether the worker's table has been restored."""
        assert worker.poll() is None, self.said(worker)
        return "started\n" in self.said(worker)

    def said(self, worker: "subprocess.Popen[bytes]") -> str:
        """Returns what a worker wrote."""
        return (self._folder / f"worker-{self._workers.index(worker)}.log").read_text()

    def send(self, count: int, value: bytes = b"{}") -> None:
        """Sends records of random keys, and returns when the broker has them."""
        for _ in range(count):
            self._producer.produce(self.input, value, b"key-%d" % self._random.randrange(KEYS))
        assert self._producer.flush(60) == 0
        self.sent += count

    def feed(self, reached: Callable[[], bool], within_s: float) -> bool:
        """Sends about 50 records a second until `reached()` is true, and says whether it became so in time."""

        def fed() -> bool:
            self.send(10)
            return reached()

        return until(fed, within_s)

    def truth(self) -> Rows:
        """Computes from the topic alone what the table must hold."""
        rows: Rows = {}
        for message in read_topic(self.kafka, self.input):
            if message.value() != b"bad":
                count, _ = rows.get(message.key() or b"", (0, 0))
                rows[message.key() or b""] = count + 1, message.offset()
        return rows

    def state(self) -> Rows:
        """Returns the rows that a new worker would restore."""
        rows: Rows = {}
        for message in read_topic(self.kafka, self.changelog):
            count, last = json.loads(message.value() or b"")
            rows[message.key() or b""] = count, last
        return rows

    def committed(self) -> int:
        """Returns the number of records that the group has committed."""
        consumer = Consumer({"bootstrap.servers": self.kafka.bootstrap_servers, "group.id": f"{self.name}-group"})
        places = [TopicPartition(self.input, number) for number in range(PARTITIONS)]
        committed = consumer.committed(places, timeout=20)
        consumer.close()
        return sum(max(0, place.offset) for place in committed)

    def settles_at(self, count: int, within_s: float) -> bool:
        """Whether the group commits so many records within the time."""
        return until(lambda: self.committed() >= count, within_s)

    def lost(self) -> Counter[bytes]:
        """Returns how many records are missing in the row of each key that is wrong."""
        state = self.state()
        missing = {key: count - state.get(key, (0, 0))[0] for key, (count, _) in self.truth().items()}
        return Counter({key: count for key, count in missing.items() if count})

    def close(self) -> None:
        """Kills every worker."""
        for worker in self._workers:
            worker.kill()
            worker.wait()


def until(reached: Callable[[], bool], within_s: float) -> bool:
    """Polls until `reached()` is true, and says whether it became so within the time."""
    deadline = time.monotonic() + within_s
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def kill(workers: Iterable["subprocess.Popen[bytes]"]) -> None:
    """Kills workers as the kernel does when memory is out."""
    for worker in workers:
        worker.kill()
        worker.wait()
