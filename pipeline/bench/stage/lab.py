"""Runs a Kafka of the bench's own, with workers as processes of their own, and reads how many records were
written.

The stack lies in a folder of its own under the state folder. Nothing else is touched, and nothing is left behind.
What a rate is, the callers decide.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.reader import TopicReader
from pipeline.bench.rounds import Report
from pipeline.bench.stage.pacing import pace
from pipeline.bench.stage.plain_faust import OUTPUT_TOPIC
from pipeline.codec import encode
from pipeline.errors import MustRestart
from pipeline.local import stack
from pipeline.ports.records import Record
from pipeline.settings import KafkaSettings, Settings
from schemas.posts.raw import RawPost
from schemas.topics import RAW, Topic, all_topics, post_key

POLL_S = 0.2
PATIENCE_S = 600.0
"""Waiting for records ends after this many seconds without success."""
STOP_S = 60.0
"""A worker that does not stop within this time is killed."""
TOPICS_S = 30.0
"""A broker may take so long to list a topic that was just created."""
DELIVERY_S = 60.0
"""A broker may take so long to list a topic that was just created."""
LOG_TAIL = 1000
"""So many characters of a failed worker's log are shown, because the log itself is deleted with the lab."""

PLAIN_OUTPUT = Topic(OUTPUT_TOPIC, "as source", "what the plain Faust agent writes", None,
                     "P", "delete", 3, ("bench",), ("bench",))  # fmt: skip

Worker = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Lab:
    """This is a running stack, with what can be done on it."""

    kafka: KafkaSettings
    folder: Path
    broker_pids: tuple[int, ...]
    reader: TopicReader

    def send(self, posts: Sequence[RawPost]) -> None:
        """Appends all posts to `posts.raw` as fast as possible."""
        publisher = KafkaPublisher(self.kafka, DELIVERY_S)
        for post in posts:
            _produce(publisher, post)
        _settle(publisher)

    def feed(self, posts: Sequence[RawPost], per_second: float, seconds: float) -> int:
        """Appends posts evenly for some seconds and returns how many. When the posts run out, it begins with the
        first again.

        The first post goes ahead by itself. A producer that does not know the cluster yet would send all posts of
        its first moments at once, which is no even stream.
        """
        publisher = KafkaPublisher(self.kafka, DELIVERY_S)
        _produce(publisher, posts[0])
        _settle(publisher)
        sent = 1 + pace(lambda number: _produce(publisher, posts[(number + 1) % len(posts)]), per_second, seconds)
        _settle(publisher)
        return sent

    def count(self, topic: str) -> int:
        """Returns the number of records of a topic. The broker is asked, because reading them would cost what is
        being measured.
        """
        return sum(self.reader.window(topic).end.values())

    def await_records(self, topic: str, count: int, worker: Worker) -> None:
        """Returns when the topic has that many records.

        Raises:
            MustRestart: the worker ended, or it took too long.
        """
        deadline = time.monotonic() + PATIENCE_S
        while (present := self.count(topic)) < count:
            if worker.poll() is not None:
                raise MustRestart(f"the worker ended with exit code {worker.returncode}: {self._log_tail()}")
            if time.monotonic() > deadline:
                raise MustRestart(
                    f"{topic} has {present} of {count} records after {PATIENCE_S:.0f} s: {self._log_tail()}"
                )
            time.sleep(POLL_S)

    def _log_tail(self) -> str:
        newest = max(self.folder.glob("*.log"), key=lambda file: file.stat().st_mtime, default=None)
        return "no log" if newest is None else newest.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:]

    @contextmanager
    def worker(self, name: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> Iterator[Worker]:
        """Runs a process with the lab's Kafka in its environment until the block ends."""
        environment = os.environ | {
            "EARSHOT_STATE_DIR": str(self.folder),
            "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": str(self.kafka.bootstrap_servers),
            # Otherwise every post would be backfill, which has no triage.
            "EARSHOT_CLOCK": "event",
            **(more or {}),
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    # A worker that ignores SIGTERM would outlive the bench and take the processor from the next
                    # one.
                    process.kill()


@contextmanager
def open_lab(settings: Settings, report: Report) -> Iterator[Lab]:
    """Starts a fresh stack with all topics, and stops and deletes it at the end.

    Raises:
        ServiceMissing: the embedded stack cannot start; the message says what to do.
    """
    folder = settings.state_dir.resolve() / "bench"
    stack.down(folder, wipe=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        endpoints = stack.up(folder, report=report)
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": endpoints.kafka_bootstrap})
        ensure_topics(kafka, [*all_topics(), PLAIN_OUTPUT])
        brokers = [server for server in stack.status(folder) if server.name.startswith("kafka")]
        pids = tuple(server.pid for server in brokers if server.pid is not None)
        # A reader that does not know a topic yet would count no records in it.
        reader = _reader(kafka, {OUTPUT_TOPIC, *(topic.name for topic in all_topics())})
        try:
            yield Lab(kafka, folder, pids, reader)
        finally:
            reader.close()
    finally:
        stack.down(folder, wipe=True)
        shutil.rmtree(folder, ignore_errors=True)


def _reader(kafka: KafkaSettings, topics: set[str]) -> TopicReader:
    """Opens a reader that knows all topics. One that was just created may not be listed yet."""
    deadline = time.monotonic() + TOPICS_S
    while True:
        reader = TopicReader(kafka)
        if topics <= reader.partitions.keys():
            return reader
        reader.close()
        if time.monotonic() > deadline:
            raise MustRestart(f"Kafka does not list all topics after {TOPICS_S:.0f} s")
        time.sleep(POLL_S)


def _produce(publisher: KafkaPublisher, post: RawPost) -> None:
    publisher.send(Record(RAW.name, post_key(post.workspace, post.author.author_id), encode(post)))


def _settle(publisher: KafkaPublisher) -> None:
    if any(delivery.failure is not None for delivery in publisher.settle()):
        raise MustRestart("Kafka did not take the posts")
