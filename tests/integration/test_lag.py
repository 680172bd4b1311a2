"""Lag counts records: the markers that end Kafka's transactions are none, though they have offsets."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from pipeline.adapters.faust.watchdog import LagWatchdog, Standing
from pipeline.adapters.kafka.config import client_config
from pipeline.errors import Transient
from pipeline.local.endpoints import Endpoints
from pipeline.metrics import Metrics
from pipeline.ports.rows import RowWriter
from schemas.topics import CASE_EVENTS
from tests.integration.sink_lab import PATIENCE_S, SinkLab, await_value, close_lab, open_lab
from tests.unit.sink.records import case_event

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lab(stack: Endpoints) -> Iterator[SinkLab]:
    lab = open_lab(stack)
    yield lab
    close_lab(lab)


class Closed:
    """A store that takes nothing."""

    def __init__(self, _inner: RowWriter) -> None:
        """As `SinkLab.sink` makes it."""

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, token: str,
        settings: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        raise Transient("closed")


def test_the_sink_s_lag_is_the_records_that_it_holds_and_not_their_markers(lab: SinkLab) -> None:
    stage, workspace, metrics = lab.stage_from_here(), f"w-{uuid4().hex[:8]}", Metrics()
    for number in range(12):
        lab.transact(CASE_EVENTS.name, [("c0", case_event(number, workspace=workspace))], commit=True)

    def lag() -> float:
        return sum(
            sample.value
            for family in metrics.registry.collect()
            for sample in family.samples
            if sample.name == "earshot_lag_records" and sample.labels["topic"] == CASE_EVENTS.name
        )

    with lab.sink(stage, writer=Closed, metrics=metrics):
        await_value(12, lag)
    with lab.sink(stage, metrics=metrics):
        await_value(0, lag)


def test_a_commit_before_a_marker_is_not_behind_and_never_stuck(lab: SinkLab) -> None:
    topic = f"lag-{uuid4().hex[:8]}"
    admin = AdminClient(client_config(lab.kafka))
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(PATIENCE_S)
    lab.transact(topic, [("k", case_event(0)), ("k", case_event(1))], commit=True)
    commit(lab, topic, 1)
    seen: list[Standing] = []
    dog = LagWatchdog(
        lab.kafka, f"group-{topic}", owned=lambda: {(topic, 0)},
        on_standings=lambda found: seen.append(found[topic, 0]), on_stuck=lambda _: None, patience_s=PATIENCE_S,
    )  # fmt: skip
    dog.start()
    try:
        await_value(True, lambda: bool(seen))
        assert seen[-1].lag > 0, "one record and the marker"
        commit(lab, topic, 2)
        await_value(0, lambda: seen[-1].lag)
        lab.transact(topic, [("k", case_event(2))], commit=True)
        await_value(True, lambda: seen[-1].lag > 0)
    finally:
        dog.close()


def commit(lab: SinkLab, topic: str, offset: int) -> None:
    consumer = Consumer(client_config(lab.kafka) | {"group.id": f"group-{topic}"})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()
