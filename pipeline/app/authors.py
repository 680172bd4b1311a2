"""Joins the table of authors with an enrich worker: the influence agent writes it, and scoring reads it."""

from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from typing import TYPE_CHECKING

from pipeline.adapters.faust.ending import end_at_once
from pipeline.adapters.faust.table import open_table
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.clock import SystemClock
from pipeline.influence.agent import DELIVERY_TIMEOUT_S, Parts, register, updater
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.places import PartitionOf
from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.topics import ENGAGEMENTS, INFLUENCE_STATE

if TYPE_CHECKING:
    import faust

PUBLISH_SHARE = 0.8
"""Share of the time for deliveries after which a publisher gives up. It must give up first, because it says how
many records are missing and why."""


def keep_authors(
    app: "faust.App",
    kafka: KafkaSettings,
    stage: str,
    policies: Callable[[], Mapping[str, Policy]],
    partition_of: PartitionOf,
    partitions: int,
    metrics: Metrics,
    log: Log,
) -> Callable[[bytes], bytes | None]:
    """Lets the app keep a row for each author, and returns what reads it by the key of a record.

    Args:
        app: not started yet.
        kafka: resolved settings.
        stage: whose worker it is.
        policies: workspace to policy, as of now.
        partition_of: the partitioner of the contract.
        partitions: of `posts.raw`, `engagements` and the changelog.
        metrics: of the worker.
        log: of the worker.
    """
    rows: MutableMapping[bytes, bytes] = open_table(app, kafka, "influence", INFLUENCE_STATE, partitions, log)
    parts = Parts(
        stage=stage,
        rows=rows,
        update=updater(policies, partitions, partition_of),
        publisher=cache(lambda: KafkaPublisher(kafka, PUBLISH_SHARE * DELIVERY_TIMEOUT_S)),
        die=end_at_once,
        clock=SystemClock(),
        metrics=metrics,
        log=log,
    )
    register(app, ENGAGEMENTS.name, parts)
    # Other threads may read it, because to look one key up in a dict is one step of the interpreter.
    return rows.get
