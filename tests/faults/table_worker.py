"""A worker that counts records in a Faust table with the real influence agent, and can be made weak.

It runs as `python -m tests.faults.table_worker BOOTSTRAP LAB PARTITIONS [WEAKNESS...]`. The input is `<LAB>.in`,
the changelog `<LAB>.rows`. A row says how many records its key has had and at which offset the last one lay. It is
4 KB long. The weaknesses are `late-seek` (50 ms between the end of a recovery and the seek), `slow-broker` (150 ms
more before each produce request), and `no-order`, `no-flush`, which take the fix of that name away.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pipeline.adapters.faust import fixes
from pipeline.adapters.faust.ending import end_at_once
from pipeline.adapters.faust.table import open_table
from pipeline.adapters.faust.worker import build_app, run_until_stopped
from pipeline.adapters.kafka.publisher import KafkaPublisher
from pipeline.clock import SystemClock
from pipeline.errors import Permanent
from pipeline.influence.agent import Parts, register
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.ports.records import InputRecord
from pipeline.settings import KafkaSettings
from schemas.topics import Topic

ROW_BYTES, BATCH_BYTES = 4096, 16_384
"""A few rows fill a batch of the producer, so that changes wait in the process."""
SEEK_LATE_S, BROKER_SLOW_S = 0.05, 0.15


def counted(row: bytes | None, record: InputRecord) -> bytes:
    """Returns the row with one record more, unless it holds the record already."""
    count, last = (0, -1) if row is None else json.loads(row)
    if record.value == b"bad":
        raise Permanent("invalid_json", "planted")
    if record.value == b"poison":
        raise RuntimeError("planted")
    if record.offset > last:
        count, last = count + 1, record.offset
    return json.dumps([count, last]).encode().ljust(ROW_BYTES)


def changelog_of(lab: str) -> Topic:
    return Topic(f"{lab}.rows", "key", "rows", None, "P", "compact", None, ("lab",), ("lab",))


def main(bootstrap: str, lab: str, partitions: int, weaknesses: set[str]) -> None:
    """Works until SIGTERM."""
    plain = _plain()
    kafka = KafkaSettings(bootstrap_servers=bootstrap, session_timeout_ms=6000, post_partitions=partitions)
    app = build_app(kafka, f"{lab}-group", Path(tempfile.mkdtemp()), batch_size=64, fetch_wait_ms=10)
    app.conf.producer_max_batch_size = BATCH_BYTES
    _weaken(weaknesses, plain)
    log = get_log("enrich")
    table = open_table(app, kafka, "rows", changelog_of(lab), partitions, log)
    parts = Parts(
        stage="enrich", rows=table, update=counted, publisher=lambda: KafkaPublisher(kafka, 30.0),
        die=end_at_once, clock=SystemClock(), metrics=Metrics(), log=log,
    )  # fmt: skip
    register(app, f"{lab}.in", parts)
    run_until_stopped(app, log, started=say, beat=lambda: None, frozen_s=60.0)


def say() -> None:
    """Tells the lab that the table is restored."""
    sys.stdout.write("started\n")
    sys.stdout.flush()


def _plain() -> dict[str, Any]:
    """Returns what Faust does without the fixes."""
    from faust.tables.recovery import Recovery
    from faust.transport.producer import ProducerBuffer

    return {
        "order": Recovery.on_recovery_completed,
        "flush": ProducerBuffer.flush,
        "send": ProducerBuffer._send_pending,
    }


def _weaken(weaknesses: set[str], plain: dict[str, Any]) -> None:
    from aiokafka.producer.sender import SendProduceReqHandler
    from faust.tables.recovery import Recovery
    from faust.transport.consumer import Consumer
    from faust.transport.producer import ProducerBuffer

    assert fixes.in_force()
    if "no-order" in weaknesses:
        Recovery.on_recovery_completed = plain["order"]
    if "no-flush" in weaknesses:
        ProducerBuffer.flush, ProducerBuffer._send_pending = plain["flush"], plain["send"]
    if "late-seek" in weaknesses:
        Consumer.perform_seek = _later(Consumer.perform_seek, SEEK_LATE_S)
    if "slow-broker" in weaknesses:
        SendProduceReqHandler.do = _later(SendProduceReqHandler.do, BROKER_SLOW_S)


def _later(original: Callable[..., Awaitable[Any]], seconds: float) -> Callable[..., Awaitable[Any]]:
    async def later(*args: Any) -> Any:
        await asyncio.sleep(seconds)
        return await original(*args)

    return later


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), set(sys.argv[4:]))
