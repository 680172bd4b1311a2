"""Writes the changelog of a router that has so many open cases, by the router itself but without its loop."""

import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.adapters.kafka.config import client_config, producer_config
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.adapters.kafka.policies.publication import publish_policy
from pipeline.codec import encode
from pipeline.loop.now import NOW_KEY
from pipeline.ports.records import InputRecord
from pipeline.route.router import Router
from pipeline.settings import KafkaSettings
from pipeline.stages import group_of, stage_of
from schemas.topics import ACTIONABLE, ROUTE_STATE
from tests.builders import policy, scored

SLICE = 5_000
"""About as many cases as a transaction opens."""
REMEMBER_MS = 15 * 86_400_000


def write(kafka: KafkaSettings, count: int) -> None:
    """Writes partition 0 of the changelog, and positions of the group at the beginning of the empty inputs."""
    workspace = next(
        name
        for name in map("million-{}".format, range(99))
        if not partition_of(name.encode(), kafka.route_partitions)
    )
    now_ms, own = int(time.time() * 1000), policy(workspace=workspace)
    publish_policy(kafka, own)
    router, producer = Router(REMEMBER_MS, "processing"), Producer(producer_config(kafka))
    router.take_policy(workspace, encode(own), now_ms)
    template = scored("POST", "AUTHOR", workspace=workspace).model_dump_json(exclude_none=True)
    for number in range(count):
        value = template.replace("AUTHOR", f"a{number}").replace("POST", f"p{number}").encode()
        record = InputRecord(ACTIONABLE.name, 0, number, workspace.encode(), value, now_ms)
        router.decide(record, now_ms)
        if number % SLICE == SLICE - 1:
            _send(producer, {**router.decisions().changes, NOW_KEY: str(now_ms).encode()})
            router.commit()
    places = [TopicPartition(topic.name, 0, 0) for topic in stage_of("route").inputs]
    consumer = Consumer(client_config(kafka) | {"group.id": group_of("route")})
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def _send(producer: Producer, changes: dict[bytes, bytes | None]) -> None:
    for key, value in changes.items():
        while True:
            try:
                producer.produce(ROUTE_STATE.name, value, key, partition=0)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


if __name__ == "__main__":
    write(KafkaSettings(bootstrap_servers=sys.argv[1]), int(sys.argv[2]))
