"""Runs one Faust worker that keeps a table by the engagements of the bench, in the way that its first word says.

It runs as `python -m pipeline.bench.influence.table_worker WAY PARTITIONS ROW_BYTES`, with Kafka in the
environment. `earshot` is the table of authors as the enrich stage keeps it. `bare` is the shortest agent that
writes a row an event, with the default acknowledgement, over a changelog of its own. Both have the same app around
them. A line on standard output says that the table is restored.
"""

import sys
from typing import TYPE_CHECKING, Any

from pipeline.adapters.faust.table import open_table
from pipeline.adapters.faust.worker import build_app, run_until_stopped
from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.app.authors import keep_authors
from pipeline.logs import get_log
from pipeline.metrics import Metrics
from pipeline.settings import KafkaSettings, load_settings
from schemas.topics import ENGAGEMENTS, Topic

if TYPE_CHECKING:
    import faust

EARSHOT, BARE = "earshot", "bare"
BARE_ROWS = Topic("bench.rows", "as source", "rows of the bare agent", None, "P", "compact", None, ("bench",),
                  ("bench",))  # fmt: skip
FETCH_WAIT_MS = 40
FROZEN_S = 600.0
STARTED = "started"


def group_of(way: str) -> str:
    """Returns the consumer group of a way."""
    return f"bench-influence-{way}"


def main(way: str, partitions: int, row_bytes: int) -> None:
    """Works until SIGTERM."""
    settings = load_settings()
    folder = settings.state_dir / f"table-{way}"
    app = build_app(settings.kafka, group_of(way), folder, batch_size=512, fetch_wait_ms=FETCH_WAIT_MS)
    log = get_log(EARSHOT)
    if way == EARSHOT:
        keep_authors(app, settings.kafka, "enrich", dict, partition_of, partitions, Metrics(), log)
    else:
        _write_rows(app, settings.kafka, partitions, bytes(row_bytes))
    run_until_stopped(app, log, started=_say, beat=lambda: None, frozen_s=FROZEN_S)


def _write_rows(app: "faust.App", kafka: KafkaSettings, partitions: int, row: bytes) -> None:
    table = open_table(app, kafka, "rows", BARE_ROWS, partitions, get_log(BARE))
    source = app.topic(
        ENGAGEMENTS.name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )

    async def write(stream: Any) -> None:
        async for key, _ in stream.items():
            table[key] = row

    app.agent(source, name="write")(write)


def _say() -> None:
    sys.stdout.write(f"{STARTED}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
