"""Provides a real broker, a real ClickHouse, and a sink that can be watched, disturbed and killed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from pydantic import BaseModel

from pipeline.adapters.clickhouse.analytics import open_analyst
from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.clickhouse.retention import set_ttls
from pipeline.adapters.clickhouse.writer import ClickHouseWriter, connect
from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import client_config, consumer_config, producer_config
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.storing.consumer import BatchConsumer, LoopSpec
from pipeline.app.stages.sink import DEAD_LETTER_TIMEOUT_S
from pipeline.clock import SystemClock
from pipeline.codec import encode
from pipeline.local.endpoints import Endpoints
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.rows import RowWriter
from pipeline.settings import ClickHouseSettings, KafkaSettings, SinkSettings
from pipeline.sink.agent import TABLES, SinkAgent
from pipeline.sink.batch import FlushLimits, PartitionBuffer
from schemas.topics import all_topics
from tests.stores import own_database

PATIENCE_S = 60.0
STATE_TABLES = ("posts", "case_events", "assignments", "refused_posts")


@dataclass
class SinkLab:
    """Holds Kafka and a fresh, migrated database."""

    kafka: KafkaSettings
    store: ClickHouseSettings

    @property
    def environment(self) -> dict[str, str]:
        assert self.kafka.bootstrap_servers is not None
        assert self.store.url is not None
        return {
            "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "EARSHOT_KAFKA__SESSION_TIMEOUT_MS": "6000",
            "EARSHOT_CLICKHOUSE__URL": self.store.url,
            "EARSHOT_CLICKHOUSE__USER": self.store.user,
            "EARSHOT_CLICKHOUSE__PASSWORD": self.store.password.get_secret_value(),
            "EARSHOT_CLICKHOUSE__DATABASE": self.store.database,
            "EARSHOT_OPERATE__LOG_FORMAT": "json",
        }

    def ask(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        with open_analyst(self.store) as analyst:
            return [tuple(row) for row in analyst.ask(sql, parameters).rows]

    def number(self, sql: str, **parameters: object) -> int:
        return int(self.ask(sql, **parameters)[0][0])

    def physical(self, table: str, workspace: str) -> int:
        return self.number(
            f"SELECT count() FROM {table} WHERE workspace = {{w:String}} SETTINGS final = 0", w=workspace
        )

    @contextmanager
    def unmerged(self, table: str) -> Iterator[None]:
        """Keeps the parts of a table apart: a merge would make one row of two with the same key."""
        with connect(self.store) as client:
            client.command(f"SYSTEM STOP MERGES {self.store.database}.{table}")
            try:
                yield
            finally:
                client.command(f"SYSTEM START MERGES {self.store.database}.{table}")

    def produce(self, topic: str, messages: Sequence[tuple[str, BaseModel | bytes]]) -> None:
        producer = Producer(producer_config(self.kafka))
        for key, message in messages:
            value = message if isinstance(message, bytes) else encode(message)
            producer.produce(topic, key=key.encode(), value=value)
            producer.poll(0)
        assert producer.flush(PATIENCE_S) == 0

    def transact(self, topic: str, messages: Sequence[tuple[str, BaseModel]], *, commit: bool) -> None:
        producer = Producer(producer_config(self.kafka) | {"transactional.id": f"lab-{uuid4().hex}"})
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        for key, message in messages:
            producer.produce(topic, key=key.encode(), value=encode(message))
        producer.flush(PATIENCE_S)
        (producer.commit_transaction if commit else producer.abort_transaction)(PATIENCE_S)

    def stage_from_here(self) -> str:
        """Returns a stage whose group begins at the present ends of the topics, so that tests do not read each
        other's records.
        """
        stage = f"sink-{uuid4().hex[:8]}"
        consumer = Consumer(client_config(self.kafka) | {"group.id": f"earshot-{stage}"})
        ends = [
            TopicPartition(topic, number, consumer.get_watermark_offsets(TopicPartition(topic, number))[1])
            for topic in TABLES
            for number in consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
        ]
        consumer.commit(offsets=ends, asynchronous=False)
        consumer.close()
        return stage

    def dead_letters(self, topic: str, key: bytes) -> list[Any]:
        consumer = Consumer(consumer_config(self.kafka, f"lab-{uuid4().hex}"))
        found: list[Any] = []
        consumer.subscribe([f"{topic}.dlq"])
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for message in consumer.consume(100, timeout=0.2):
                if message.error() is not None:
                    # The end of the one partition: all that there is has been seen.
                    consumer.close()
                    return found
                if message.key() == key:
                    found.append(message)
        raise AssertionError("the dead-letter topic has no end")

    def loop(
        self,
        stage: str,
        *,
        writer: Callable[[RowWriter], RowWriter] = lambda writer: writer,
        rows: int = 500,
        ttl_days: int | None = None,
        metrics: Metrics | None = None,
    ) -> BatchConsumer:
        """Returns the sink's loop in a group of its own, with a writer that the test may wrap."""
        metrics = metrics or Metrics()
        agent = SinkAgent(
            writer(ClickHouseWriter(self.store)),
            KafkaPublisher(self.kafka, DEAD_LETTER_TIMEOUT_S),
            clock=SystemClock(),
            metrics=metrics,
            log=get_log("sink"),
            ttl_days=ttl_days,
        )
        limits = FlushLimits(rows=rows, wait_s=0.1)
        spec = LoopSpec(stage, tuple(TABLES), lambda start, end: PartitionBuffer(start, end, limits))
        return BatchConsumer(self.kafka, spec, agent, metrics=metrics, log=get_log("sink"))

    @contextmanager
    def sink(self, stage: str, **options: Any) -> Iterator[BatchConsumer]:
        """Runs `loop` on a thread."""
        loop = self.loop(stage, **options)
        stop = threading.Event()
        thread = threading.Thread(target=loop.run, args=(stop.is_set,), daemon=True)
        thread.start()
        try:
            yield loop
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the loop ends when it is asked to"


def open_lab(stack: Endpoints) -> SinkLab:
    kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap, session_timeout_ms=6000)
    store = own_database(stack, "sink")
    ensure_topics(kafka, all_topics())
    migrate(store)
    set_ttls(store, SinkSettings())
    with connect(store) as client:
        for table in STATE_TABLES:
            # What is counted without FINAL must not be merged away meanwhile.
            client.command(f"SYSTEM STOP MERGES {store.database}.{table}")
    return SinkLab(kafka, store)


def close_lab(lab: SinkLab) -> None:
    with connect(lab.store) as client:
        client.command(f"DROP DATABASE {lab.store.database}")


def start_sink(lab: SinkLab, log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Starts the real process, `earshot run sink`."""
    environment: Mapping[str, str] = {**os.environ, **lab.environment, **settings}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "run", "sink"], env=environment, stdout=output, stderr=output
        )


def await_value(wanted: object, current: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Waits until `current()` is `wanted`. The failure shows the last value."""
    until = time.monotonic() + patience_s
    while (value := current()) != wanted:
        assert time.monotonic() < until, f"{value!r}, expected {wanted!r}"
        time.sleep(0.2)
