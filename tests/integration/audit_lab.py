"""Puts the audit's world on real parts: records on a broker at the same offsets, rows in the tables, and a
manifest.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from msgspec.structs import replace

from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.clickhouse.writer import ClickHouseWriter, connect
from pipeline.adapters.kafka.admin import admin_client, ensure_topics
from pipeline.adapters.kafka.config import client_config, producer_config
from pipeline.clock import SystemClock, from_ms
from pipeline.codec import decode
from pipeline.ingest.manifest.format import Delivered, Header
from pipeline.ingest.manifest.writer import ManifestWriter
from pipeline.local.endpoints import Endpoints
from pipeline.settings import KafkaSettings
from pipeline.sink.agent import TABLES as STORED
from pipeline.sink.columns import Source, Table
from pipeline.stages import lasting_stages
from schemas.topics import ASSIGNMENTS, RAW, Topic, all_topics, team_topic
from tests.audit_world import Cluster, P, Place, R, position_in
from tests.stores import own_database

PATIENCE_S = 60.0
GROUPS = {stage.group: stage.inputs for stage in lasting_stages()}


class AuditLab:
    """Provides empty topics of the contract and a fresh database. `close` takes everything away again."""

    def __init__(self, stack: Endpoints, state_dir: Path) -> None:
        self.kafka = KafkaSettings(bootstrap_servers=stack.kafka_bootstrap)
        self.store = own_database(stack, "audit")
        self.state_dir = state_dir
        self.admin = admin_client(self.kafka)
        self.recreate_topics()
        migrate(self.store)

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment in which `earshot` finds this lab."""
        assert self.kafka.bootstrap_servers is not None
        assert self.store.url is not None
        return {
            "EARSHOT_STATE_DIR": str(self.state_dir),
            "EARSHOT_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "EARSHOT_CLICKHOUSE__URL": self.store.url,
            "EARSHOT_CLICKHOUSE__USER": self.store.user,
            "EARSHOT_CLICKHOUSE__PASSWORD": self.store.password.get_secret_value(),
            "EARSHOT_CLICKHOUSE__DATABASE": self.store.database,
        }

    def recreate_topics(self, teams: Iterable[Topic] = ()) -> None:
        """Deletes the topics of the contract, teams' too, and makes them anew, so that offsets begin at 0."""
        contract = [topic.name for topic in all_topics()]
        present = self.admin.list_topics(timeout=PATIENCE_S).topics
        mine = [name for name in present if name in contract or name.startswith(f"{ASSIGNMENTS.name}.")]
        if mine:
            for future in self.admin.delete_topics(mine).values():
                future.result(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while set(mine) & set(self.admin.list_topics(timeout=PATIENCE_S).topics):
            assert time.monotonic() < deadline, "the broker does not delete the topics"
        ensure_topics(self.kafka, [*all_topics(), *teams])

    def write(self, cluster: Cluster, delivered: Sequence[Delivered]) -> None:
        """Puts a cluster's records, rows and manifest onto the real parts."""
        teams = [team_topic(*name.split(".")[1:]) for name in cluster.topics if name.count(".") == 2]
        ensure_topics(self.kafka, [topic for topic in teams if not topic.name.endswith(".dlq")])
        producer = Producer(producer_config(self.kafka))
        appended: dict[Place, int] = {}

        def note(_: object, message: Message) -> None:
            appended[message.topic(), message.partition(), message.offset()] = message.timestamp()[1]

        for name, partitions in cluster.topics.items():
            for n, log in enumerate(partitions):
                for record, headers in log:
                    producer.produce(name, record.value, record.key, n, headers=headers, on_delivery=note)
            producer.poll(0)
        assert producer.flush(PATIENCE_S) == 0
        writer = ClickHouseWriter(self.store)
        for topic, tables in STORED.items():
            for table in tables:
                if cluster.rows[table.name]:
                    rows = [_timed(cluster, appended, topic, table, row) for row in cluster.rows[table.name]]
                    writer.insert(table.name, table.names, rows, token=uuid4().hex)
        writer.close()
        self._write_manifest(delivered)

    def _write_manifest(self, delivered: Sequence[Delivered]) -> None:
        clock = SystemClock()
        header = Header(uuid4().hex, RAW.name, None, {}, clock.now().isoformat())
        with ManifestWriter.create(self.state_dir, header, clock) as manifest:
            manifest.confirm(delivered, line=len(delivered), rejected=1)
            manifest.end(whole=True)

    def commit_groups(self) -> None:
        """Commits the ends for every stage's group, as if it had read everything."""
        for group, topics in GROUPS.items():
            consumer = Consumer(client_config(self.kafka) | {"group.id": group})
            places = [TopicPartition(t.name, n) for t in topics for n in range(t.partition_count(P, R))]
            for place in places:
                place.offset = consumer.get_watermark_offsets(place, timeout=PATIENCE_S)[1]
            consumer.commit(offsets=places, asynchronous=False)
            consumer.close()

    def close(self) -> None:
        """Leaves empty topics behind, and no database."""
        self.recreate_topics()
        with connect(self.store) as client:
            client.command(f"DROP DATABASE {self.store.database}")


BY_APPEND_TIME = ("scored_at", "ver", "since_received_ms")
"""These columns hold the append time of their record, which only the broker knows."""


def _timed(
    cluster: Cluster, appended: dict[Place, int], topic: str, table: Table[Any], row: Sequence[object]
) -> tuple[object, ...]:
    """Returns the row with the times that the broker gave its record."""
    n, offset = position_in(row, table)
    record = replace(cluster.log(topic)[n][offset].record, append_ms=appended[topic, n, offset])
    true = table.row(decode(table.model, record.value), Source(record, from_ms(0)))
    columns = zip(table.names, row, true, strict=True)
    return tuple(broker if name in BY_APPEND_TIME else own for name, own, broker in columns)
