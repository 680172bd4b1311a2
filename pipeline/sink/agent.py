"""Stores one batch of one partition: decodes records, makes rows, inserts them, and keeps what cannot be read.

A batch is consecutive records with a token that names exactly them. When `handle` returns, the batch is stored and
may be acknowledged. When it raises, the same batch must come again. Commits and the machines behind the ports are
elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pipeline.clock import Clock, from_ms, to_ms
from pipeline.codec import decode
from pipeline.errors import Permanent
from pipeline.logs import Log
from pipeline.metrics import Metrics
from pipeline.ports.dead_letters import DeadLetter
from pipeline.ports.records import InputRecord, Publisher, deliver
from pipeline.ports.rows import RowWriter
from pipeline.sink.columns import Source, Table
from pipeline.sink.tables.cases import ASSIGNMENTS, CASE_EVENTS
from pipeline.sink.tables.posts import POSTS, REFUSED_POSTS, REFUSED_TTL, too_old
from pipeline.sink.tables.standing import QUEUE_GAUGES, REP_PRESENCE
from schemas import topics
from schemas.cases.case import Assignment
from schemas.cases.gauges import RepGauge, RouteGauge
from schemas.posts.scored import ScoredPost

STAGE = "sink"
TABLES: Mapping[str, tuple[Table[Any], ...]] = {
    topics.SCORED.name: (POSTS, REFUSED_POSTS),
    topics.CASE_EVENTS.name: (CASE_EVENTS,),
    topics.ASSIGNMENTS.name: (ASSIGNMENTS,),
    topics.GAUGES.name: (QUEUE_GAUGES, REP_PRESENCE),
}
"""Each message of an input topic goes to one of its tables, which all have the model of the topic."""

WAITED_UNTIL = ("offered", "assigned")
"""These states of an assignment end a wait. The later ones say nothing about how soon somebody cared."""

Rows = dict[str, tuple[Table[Any], list[tuple[object, ...]]]]


def table_of(message: object, record: InputRecord, ttl_days: int | None) -> Table[Any]:
    """Returns the table of a message.

    Args:
        message: what the record holds.
        record: of one of the input topics.
        ttl_days: how long posts are kept, None for ever.
    """
    first, *others = TABLES[record.topic]
    if isinstance(message, ScoredPost):
        is_other = too_old(message, record.append_ms, ttl_days)
    else:
        is_other = isinstance(message, RouteGauge) and isinstance(message.root, RepGauge)
    return others[0] if is_other else first


class SinkAgent:
    """Stores batches.

    Args:
        writer: the analytics store.
        publisher: sends the dead letters of unreadable records.
        clock: stamps `inserted_at` and latencies.
        metrics: the metrics of this process.
        log: the log of this stage.
        ttl_days: how long posts are kept, None for ever; older ones go to `refused_posts`.
    """

    def __init__(
        self,
        writer: RowWriter,
        publisher: Publisher,
        *,
        clock: Clock,
        metrics: Metrics,
        log: Log,
        ttl_days: int | None = None,
    ) -> None:
        self._writer = writer
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._ttl_days = ttl_days

    def handle(self, records: Sequence[InputRecord], token: str) -> None:
        """Stores every record of the batch: as a row, as a refusal, or as a dead letter.

        Args:
            records: records of one partition in offset order; there may be none.
            token: the same for the same records and another one for any others.

        Raises:
            Transient: the store or Kafka did not answer; repeat with the same records and token.
            Permanent: the store refuses the table or a column; an operator must act before it is repeated.
        """
        rows, letters, stored = self._rows(records)
        # Rows go first. After a crash before the dead letters both come again, and the token makes rows count
        # once.
        for name, (table, values) in rows.items():
            self._writer.insert(name, table.names, values, token=f"{token}/{name}")
        if letters:
            failed_ms = to_ms(self._clock.now())
            deliver(self._publisher, [letter.to_send(STAGE, failed_ms) for letter in letters])
        self._report(records, rows, letters)
        self._time(records, stored)

    def _rows(
        self, records: Sequence[InputRecord]
    ) -> tuple[Rows, list[DeadLetter], list[ScoredPost | Assignment]]:
        rows: Rows = {}
        letters: list[DeadLetter] = []
        stored: list[ScoredPost | Assignment] = []
        now = self._clock.now()
        for record in records:
            try:
                message = decode(TABLES[record.topic][0].model, record.value)
                table = table_of(message, record, self._ttl_days)
                row = table.row(message, Source(record, now))
            except Permanent as reason:
                # The neighbours of an unreadable record are stored, or it would hold up its partition for ever.
                letters.append(DeadLetter(record, reason))
                continue
            rows.setdefault(table.name, (table, []))[1].append(row)
            if isinstance(message, ScoredPost | Assignment):
                stored.append(message)
        return rows, letters, stored

    def _report(self, records: Sequence[InputRecord], rows: Rows, letters: Sequence[DeadLetter]) -> None:
        now_ms = to_ms(self._clock.now())
        metrics = self._metrics
        metrics.observe("batch_records", len(records), stage=STAGE)
        for topic, count in Counter(record.topic for record in records).items():
            metrics.count("records_consumed_total", count, stage=STAGE, topic=topic)
        for name, (_, values) in rows.items():
            metrics.count("rows_inserted_total", len(values), table=name)
        if REFUSED_POSTS.name in rows:
            refused = len(rows[REFUSED_POSTS.name][1])
            metrics.count("posts_refused_total", refused, reason=REFUSED_TTL)
            older_than = from_ms(now_ms) - timedelta(days=self._ttl_days or 0)
            self._log.warning(
                "posts_refused", reason=REFUSED_TTL, posts=refused, older_than=older_than.isoformat()
            )
        for letter in letters:
            metrics.count("dead_letters_total", stage=STAGE, code=letter.reason.code)
            self._log.warning("dead_letter", **letter.told())

    def _time(self, records: Sequence[InputRecord], stored: Sequence[ScoredPost | Assignment]) -> None:
        now_ms = to_ms(self._clock.now())
        metrics = self._metrics
        metrics.observe_all(
            "hop_latency_seconds", ((now_ms - record.append_ms) / 1000 for record in records), stage=STAGE
        )
        metrics.observe_all(
            "end_to_end_latency_seconds", (machine_ms(message, now_ms) / 1000 for message in stored), stage=STAGE
        )
        for message in stored:
            if isinstance(message, Assignment) and message.state in WAITED_UNTIL:
                metrics.observe("case_wait_seconds", people_ms(message) / 1000, until=message.state)


def machine_ms(message: ScoredPost | Assignment, stored_ms: int) -> int:
    """Returns the milliseconds that Earshot itself needed from the append of the raw record to the row.

    A case waits in line until a rep is free, and an offer waits until she answers. What passed between `queued_at`
    and `decided_at` is people's time and does not count. The result is never negative, although on the event clock
    the two times are of another clock.
    """
    if isinstance(message, ScoredPost):
        return max(0, stored_ms - message.appended_ms)
    return max(0, stored_ms - to_ms(message.trace_started_at) - people_ms(message))


def people_ms(assignment: Assignment) -> int:
    """Returns the milliseconds from the case's place in line to what was decided about the offer."""
    return max(0, to_ms(assignment.decided_at) - to_ms(assignment.queued_at))
