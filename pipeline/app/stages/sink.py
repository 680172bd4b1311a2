"""Joins the batch loop, the sink's agent and ClickHouse.

The process stores posts.scored, cases.events, assignments and route.gauges until it is told to stop. This module
holds wiring only.
"""

import os
import signal
import threading
from collections.abc import Callable

from pipeline.adapters.clickhouse.migrate import migrations_pending
from pipeline.adapters.clickhouse.retention import KEPT, ttl_days_in_force
from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.adapters.kafka.storing.consumer import BatchConsumer, LoopSpec
from pipeline.app.endpoints import resolve
from pipeline.app.readiness import Readiness
from pipeline.clock import SystemClock
from pipeline.errors import EXIT_RESTART, Misconfigured, MustRestart
from pipeline.logs import get_log
from pipeline.settings import Settings, SinkSettings
from pipeline.sink.agent import STAGE, TABLES, SinkAgent
from pipeline.sink.batch import FlushLimits, PartitionBuffer

DEAD_LETTER_TIMEOUT_S = 30.0
"""Below the consumer's max.poll.interval.ms with room for an insert before it."""


def run(settings: Settings) -> None:
    """Stores until SIGTERM or SIGINT. Then the running insert is finished and acknowledged.

    Raises:
        ServiceMissing: Kafka or ClickHouse is not known or does not answer.
        Misconfigured: topics or migrations are missing, the keeping time differs from the table's, or records were
            deleted before they could be stored.
    """
    settings = resolve(settings, clickhouse=True)
    log, stop = get_log(STAGE), threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    # The health server answers from here on, so that an orchestrator sees a start that takes long.
    readiness = Readiness(settings, STAGE)
    log.info("starting", http_port=readiness.port)
    writer = _ready_writer(settings)
    metrics = readiness.metrics
    clock = SystemClock()
    publisher = KafkaPublisher(settings.kafka, DEAD_LETTER_TIMEOUT_S)
    loop = BatchConsumer(
        settings.kafka,
        LoopSpec(STAGE, tuple(TABLES), _buffers(settings.sink)),
        SinkAgent(writer, publisher, clock=clock, metrics=metrics, log=log, ttl_days=settings.sink.ttl_days),
        metrics=metrics,
        log=log,
        between=readiness.beat,
    )
    readiness.ask(lambda: loop.ready)
    log.info("started", ttl_days=settings.sink.ttl_days)
    try:
        loop.run(stop.is_set)
    except MustRestart as error:
        # There is no clean-up. A broken member must not touch the group again.
        log.error("cannot_go_on", error=str(error))
        os._exit(EXIT_RESTART)
    finally:
        readiness.close()
    writer.close()
    log.info("stopped")


def _ready_writer(settings: Settings) -> ClickHouseWriter:
    pending = migrations_pending(settings.clickhouse)
    if pending:
        raise Misconfigured(f"ClickHouse lacks {', '.join(pending)}: run `earshot migrate`")
    in_force = ttl_days_in_force(settings.clickhouse)
    for kept in KEPT:
        days = kept.days(settings.sink)
        if in_force[kept.table] != days:
            # Without this check ClickHouse would delete posts that nobody counted as refused, or keep rows that
            # should go.
            raise Misconfigured(
                f"the table {kept.table} keeps {in_force[kept.table] or 'all'} days, "
                f"EARSHOT_SINK__{kept.setting.upper()} says {days or 'all'}: run `earshot migrate`"
            )
    writer = ClickHouseWriter(settings.clickhouse)
    writer.check()
    return writer


def _buffers(sink: SinkSettings) -> Callable[[int, int | None], PartitionBuffer]:
    limits = FlushLimits(rows=sink.batch_rows, wait_s=sink.flush_ms / 1000)
    return lambda start, announced_end: PartitionBuffer(start, announced_end, limits)
