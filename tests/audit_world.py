"""Builds a small world that the audit finds clean, with one fault planted where a test wants it.

The pure code of the stages runs for real (the rule of what is actionable, the router, the sink's rows), and only
Kafka and ClickHouse are lists. Offsets are assigned as a broker would do it, so the same world can be written to a
real one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from pipeline.adapters.kafka.partitioner import partition_of
from pipeline.audit.collect.log_builder import LogBuilder, add_letter
from pipeline.audit.collect.sample import StoredRows
from pipeline.audit.collected import Facts, Store
from pipeline.audit.interned_ids import Names, workspace_of
from pipeline.audit.logs import AssignmentLog, ManifestLog, position
from pipeline.clock import from_ms, to_ms
from pipeline.codec import decode, encode
from pipeline.enrich.outputs import belongs_in_actionable, mention_key, mentions_of
from pipeline.ingest.manifest.format import Delivered
from pipeline.ports.records import InputRecord, Record
from pipeline.route import ids
from pipeline.sink.agent import TABLES as STORED
from pipeline.sink.columns import Source, Table
from pipeline.sink.tables.cases import ASSIGNMENTS as ASSIGNMENTS_TABLE
from pipeline.sink.tables.cases import CASE_EVENTS as EVENTS_TABLE
from pipeline.sink.tables.posts import POSTS as POSTS_TABLE
from pipeline.sink.tables.standing import QUEUE_GAUGES, REP_PRESENCE
from schemas.base import SourcePosition
from schemas.cases.case import Assignment, CaseEvent
from schemas.cases.gauges import QueueGauge, RepGauge, RouteGauge
from schemas.dead_letter import DeadLetterInfo, encode_headers
from schemas.people.rep import AnyRepEvent
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.posts.signals import Span, TopicHit
from schemas.topics import (
    ACTIONABLE,
    ASSIGNMENTS,
    CASE_EVENTS,
    CASES,
    GAUGES,
    MENTIONS,
    RAW,
    REPS,
    SCORED,
    post_key,
)
from tests.builders import START_MS, accept, policy, post, reject, reply, resolve, scored, signed_in
from tests.routers import live_router

M = TypeVar("M", bound=BaseModel)
P, R = 4, 2
TOPIC = TopicHit(topic="delivery", kind="topic", at=(Span(start=0, end=2),))
VICTIM = "x:p4"
"""This post is lost or doubled. It is a direct message that opens no case."""
FAR_AHEAD = timedelta(days=90)
"""So much later lies another month's partition. ClickHouse replaces rows within one partition only."""


class Written(NamedTuple):
    """Holds a record with its headers."""

    record: InputRecord
    headers: list[tuple[str, bytes]]


Place = tuple[str, int, int]
"""Holds topic, partition and offset."""


@dataclass
class Cluster:
    """Holds topics and tables, which the worlds of several workspaces share. Each thing that happens has its time:
    1, 2 and so on.
    """

    topics: dict[str, list[list[Written]]] = field(default_factory=dict)
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: defaultdict(list))
    now: int = 0
    appended: dict[Place, int] = field(default_factory=dict)
    over: dict[Place, int] = field(default_factory=dict)
    """Says when the transaction of a record was over. A record without a transaction has the time of its
    append.
    """
    done: dict[Place, int] = field(default_factory=dict)
    """Says when the stage that reads a record had written everything that it made of it."""
    stored: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Says when each row of a table was stored."""

    def log(self, topic: str) -> list[list[Written]]:
        """Returns the partitions of a topic."""
        count = 1 if topic.endswith(".dlq") else P if topic in (RAW.name, SCORED.name, MENTIONS.name) else R
        return self.topics.setdefault(topic, [[] for _ in range(count)])

    def append(
        self, topic: str, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> InputRecord:
        """Adds a record where its key belongs."""
        logs = self.log(topic)
        n = partition_of(key, len(logs))
        record = InputRecord(topic, n, len(logs[n]), key, value, START_MS)
        logs[n].append(Written(record, list(headers)))
        self.now += 1
        self.appended[topic, n, record.offset] = self.over[topic, n, record.offset] = self.now
        return record

    def finish(self, record: InputRecord) -> None:
        """Notes that the stage which reads the record has written everything."""
        self.done[record.topic, record.partition, record.offset] = self.now

    def end_transaction(self, begun: int) -> None:
        """Makes what was appended after `begun` visible together."""
        for at, time in self.appended.items():
            if time > begun:
                self.over[at] = self.now

    def up_to(self, topic: str, times: dict[Place, int], time: int) -> dict[int, int]:
        """Maps each partition to the offset before which everything had its time by then."""
        ends = {}
        for n, log in enumerate(self.log(topic)):
            late = (i for i in range(len(log)) if times.get((topic, n, i), self.now + 1) > time)
            ends[n] = next(late, len(log))
        return ends

    def give_up(self, record: InputRecord, code: str, *, value: bytes | None) -> None:
        """Adds the dead letter of a record."""
        source = SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset)
        info = DeadLetterInfo(
            stage="test", code=code, detail=code, source=source, appended_ms=START_MS, failed_ms=START_MS
        )
        self.append(f"{record.topic}.dlq", record.key or b"", value, encode_headers(info))
        self.finish(record)


@dataclass(frozen=True)
class Plant:
    """Describes the one fault of a world: 0 or 2 copies of a thing at one place, or one changed row of a table."""

    hop: str = ""
    copies: int = 1

    def at(self, hop: str) -> int:
        """Says how many copies this place gets."""
        return self.copies if hop == self.hop else 1


@dataclass
class World:
    """Holds the traffic of one workspace through the whole pipeline."""

    cluster: Cluster
    workspace: str = "acme"
    plant: Plant = Plant()
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.case = {name: ids.case_id(self.workspace, f"x:{name}", 0) for name in ("p1", "p2", "p3")}
        self._route(self._enrich(self._ingest()))
        self._tell()

    def _ingest(self) -> list[tuple[InputRecord, RawPost]]:
        """Writes posts.raw with its manifest. Two records, one unreadable and one with a wrong key, are dead
        letters.
        """
        posts = [post(name, f"by-{name}", workspace=self.workspace) for name in ("p1", "p2", "p3", "p4", "p5")]
        posts.append(post("p5", "by-p5", workspace=self.workspace, revision=1, deleted=True))
        posts.append(post("p2", "by-p2", workspace=self.workspace, revision=1))
        received = []
        for line, raw in enumerate(posts, start=1):
            key = post_key(raw.workspace, raw.author.author_id)
            n = partition_of(key, P)
            offset = len(self.cluster.log(RAW.name)[n])
            self.delivered.append(Delivered(line, raw.post_id, raw.revision, raw.workspace, n, offset))
            copies = self.plant.at("manifest") if raw.post_id == VICTIM else 1
            received += [(self.cluster.append(RAW.name, key, encode(raw)), raw) for _ in range(copies)]
        bad = self.cluster.append(RAW.name, post_key(self.workspace, "x:bad"), b'{"workspace": ')
        self.bad = f"{bad.partition}/{bad.offset}"
        for _ in range(self.plant.at("letter")):
            self.cluster.give_up(bad, "invalid_json", value=bad.value)
        self.cluster.finish(bad)
        other = encode(post("p6", "zed", workspace=self.workspace))
        wrong = self.cluster.append(RAW.name, post_key(self.workspace, "x:not-zed"), other)
        self.cluster.give_up(wrong, "wrong_key", value=b"altered" if self.plant.hop == "altered" else other)
        return received

    def _enrich(self, received: Sequence[tuple[InputRecord, RawPost]]) -> list[tuple[InputRecord, ScoredPost]]:
        """Writes posts.scored, posts.actionable with an unreadable record, and the rows of posts."""
        actionable = []
        for record, raw in received:
            made, victim = self._score(record, raw), raw.post_id == VICTIM
            copies = self.plant.at("scored") if victim else 1
            written = [self.cluster.append(SCORED.name, record.key or b"", encode(made)) for _ in range(copies)]
            for at in written:
                self._row(POSTS_TABLE, made, at, "created_at" if victim else None)
            for mention in mentions_of(made) if written else ():
                for _ in range(self.plant.at("mentions") if victim else 1):
                    self.cluster.append(MENTIONS.name, mention_key(mention), encode(mention))
            copies = self.plant.at("actionable") if victim else 1
            if written and belongs_in_actionable(made):
                key = made.workspace.encode()
                actionable += [
                    (self.cluster.append(ACTIONABLE.name, key, encode(made)), made) for _ in range(copies)
                ]
            self.cluster.finish(record)
        bad = self.cluster.append(ACTIONABLE.name, self.workspace.encode(), b"\xff")
        self.cluster.give_up(bad, "invalid_utf8", value=bad.value)
        return actionable

    def _score(self, record: InputRecord, raw: RawPost) -> ScoredPost:
        name = raw.post_id.removeprefix("x:")
        return scored(
            name,
            f"by-{name}",
            "respond" if name in self.case and raw.revision == 0 else "none",
            workspace=raw.workspace,
            revision=raw.revision,
            deleted=raw.deleted,
            visibility="direct" if raw.post_id == VICTIM else "public",
            topics=(TOPIC,) if name in ("p1", "p4", "p5") else (),
            source=SourcePosition(topic=RAW.name, partition=record.partition, offset=record.offset),
            appended_ms=record.append_ms,
        )

    def _route(self, actionable: Sequence[tuple[InputRecord, ScoredPost]]) -> None:
        """Runs the real router over the posts and a day's work of one rep."""
        router = live_router(policy(workspace=self.workspace))
        posts = [
            record
            for record, made in actionable
            if not (made.post_id == VICTIM and self.plant == Plant("events", 0))
        ]
        work: list[AnyRepEvent] = [
            accept(self.case["p1"]), reply(self.case["p1"]), resolve(self.case["p1"]),
            accept(self.case["p2"]), reply(self.case["p2"]), reject(self.case["p3"]), accept("no-such-case"),
        ]  # fmt: skip
        for record, _ in actionable:
            self.cluster.finish(record)  # also the one that is lost; of the others the time comes below
        inputs = [self._rep(signed_in(capacity=3)), *posts, *map(self._rep, work)]
        for ms, record in enumerate(inputs):
            begun = self.cluster.now
            router.decide(record, START_MS + ms)
            for output in router.decisions().outputs:
                self._publish(output)
            router.commit()
            self.cluster.end_transaction(begun)
            self.cluster.finish(record)

    def _tell(self) -> None:
        """Writes route.gauges with its rows. A minute is told twice, as after a restart."""
        gauges: list[QueueGauge | RepGauge] = [
            QueueGauge(
                workspace=self.workspace,
                at=from_ms(START_MS),
                queue="care",
                team="care",
                waiting=waiting,
                present=1,
                occupancy=0.25,
            )
            for waiting in (1, 2)
        ]
        gauges.append(
            RepGauge(workspace=self.workspace, at=from_ms(START_MS), rep_id="r1", presence="away", teams=("care",))
        )
        for gauge in gauges:
            table = REP_PRESENCE if isinstance(gauge, RepGauge) else QUEUE_GAUGES
            at = self.cluster.append(GAUGES.name, self.workspace.encode(), encode(gauge))
            if self.plant.at(table.name):
                row = list(table.row(RouteGauge(gauge), Source(at, from_ms(START_MS))))
                if self.plant == Plant(table.name) and gauge is not gauges[0]:
                    changed = ("presence", "available") if table is REP_PRESENCE else ("team", "another")
                    row[table.names.index(changed[0])] = changed[1]
                self._store(table, row)
            self.cluster.finish(at)

    def _store(self, table: Table[Any], row: Sequence[object]) -> None:
        self.cluster.rows[table.name].append(tuple(row))
        self.cluster.now += 1
        self.cluster.stored[table.name].append(self.cluster.now)

    def _rep(self, event: AnyRepEvent) -> InputRecord:
        mine = event.model_copy(update={"workspace": self.workspace})
        return InputRecord(REPS.name, 0, 0, self.workspace.encode(), encode(mine), START_MS)

    def _publish(self, output: Record) -> None:
        assert output.key is not None
        if output.topic == CASE_EVENTS.name:
            self._publish_event(output.key, decode(CaseEvent, output.value))
        elif output.topic == CASES.name:
            lost = output.key == self.case["p2"].encode() and not self.plant.at("current")
            stays = output.value is None and self.plant == Plant("current", 2)
            if not (lost or stays):
                self.cluster.append(output.topic, output.key, output.value)
        else:
            self._publish_assignment(output.topic, output.key, decode(Assignment, output.value))

    def _publish_event(self, key: bytes, event: CaseEvent) -> None:
        victim = event.type == "replied" and event.case_id == self.case["p1"]
        if victim:
            self.replied = event
        for _ in range(self.plant.at("seq") if victim else 1):
            at = self.cluster.append(CASE_EVENTS.name, key, encode(event))
            self._row(EVENTS_TABLE, event, at, "at" if victim else None)
        if event.post_id == VICTIM and self.plant == Plant("events", 2):
            second = event.model_copy(update={"event_id": f"second-{self.workspace}"})
            at = self.cluster.append(CASE_EVENTS.name, key, encode(second))
            self._row(EVENTS_TABLE, second, at, None)

    def _publish_assignment(self, topic: str, key: bytes, made: Assignment) -> None:
        victim, general = made.state == "closed", topic == ASSIGNMENTS.name
        copies = self.plant.at("assignments" if general else "team") if victim else 1
        if victim and not general and self.plant == Plant("assignments", 0):
            copies = 0  # else the team's record would be one without a cause, which is another fault
        for _ in range(copies):
            at = self.cluster.append(topic, key, encode(made))
            if general:
                self._row(ASSIGNMENTS_TABLE, made, at, "decided_at" if victim else None)

    def _row(self, table: Table[M], message: M, at: InputRecord, time_field: str | None) -> None:
        """Stores a row. The victim, for which `time_field` is given, gets as many as planted, the second in
        another month.
        """
        place = "assignments table" if table is ASSIGNMENTS_TABLE else table.name
        copies = 1 if time_field is None else self.plant.at(place)
        for copy in range(copies):
            if copy and time_field is not None:
                later = getattr(message, time_field) + FAR_AHEAD
                message = message.model_copy(update={time_field: later})
            row = list(table.row(message, Source(at, from_ms(START_MS))))
            if time_field is not None and self.plant == Plant(place):
                row[table.names.index("queue")] = "another"
            self._store(table, row)
        self.cluster.finish(at)


TABLES: dict[str, tuple[Table[Any], str]] = {
    "posts": (POSTS_TABLE, "created_at"),
    "case_events": (EVENTS_TABLE, "at"),
    "assignments": (ASSIGNMENTS_TABLE, "decided_at"),
    "queue_gauges": (QUEUE_GAUGES, "at"),
    "rep_presence": (REP_PRESENCE, "at"),
}
"""Maps a name to the table and the column that chooses a row's partition."""


class Moment(NamedTuple):
    """Says when an audit looked at the committed offsets, the ends of transactions, the ends of all, and the
    tables.
    """

    committed: int
    settled: int
    ends: int
    rows: int


def rows_at(cluster: Cluster, name: str, moment: Moment) -> list[tuple[object, ...]]:
    """Returns the rows that were stored when the audit looked at the table."""
    timed = zip(cluster.rows[name], cluster.stored[name], strict=True)
    return [row for row, time in timed if time <= moment.rows]


def final_rows(cluster: Cluster, name: str, moment: Moment) -> list[dict[str, Any]]:
    """What ClickHouse shows under FINAL: one row a sorting key and month, the highest version, no deleted ones."""
    table, time_column = TABLES[name]
    best: dict[object, dict[str, Any]] = {}
    for values in rows_at(cluster, name, moment):
        row: dict[str, Any] = dict(zip(table.names, values, strict=True))
        key = (*(row[column] for column in table.key), row[time_column].strftime("%Y%m"))
        if key not in best or row["ver"] >= best[key]["ver"]:
            best[key] = row
    return [row for row in best.values() if not row.get("is_deleted")]


def collect(
    cluster: Cluster, delivered: Sequence[Delivered], *workspaces: str, moment: Moment | None = None
) -> Facts:
    """Returns the facts that the collectors would bring, when all is over or at a moment before."""
    moment = moment or Moment(*[cluster.now] * 4)
    names = Names()
    builder = LogBuilder(names, frozenset(workspaces), START_MS, {})
    builder.teams = {
        name: AssignmentLog(name) for name in cluster.topics if name.startswith(f"{ASSIGNMENTS.name}.")
    }
    logs = builder.logs()
    for name, kept in logs.items():
        kept.handled = cluster.up_to(name, cluster.done, moment.committed)
        kept.settled = cluster.up_to(name, cluster.over, moment.settled)
        kept.end = cluster.up_to(name, cluster.appended, moment.ends)
    for name in [name for name in cluster.topics if name.endswith(".dlq")]:
        for record, headers in cluster.log(name)[0][: cluster.up_to(name, cluster.appended, moment.ends)[0]]:
            assert add_letter({n: kept.letters for n, kept in logs.items()}, record, headers) is None
    for name, take in builder.handlers().items():
        for n, log in enumerate(cluster.log(name)):
            for record, _ in log[: logs[name].end[n]]:
                take(record)
    seen = {workspace_of(names.post_name(number)) for number in builder.scored.ids}
    return builder.facts(
        _manifests(names, delivered),
        {workspace: partition_of(workspace.encode(), R) for workspace in seen},
        _store(names, cluster, workspaces, builder, moment),
    )


def _manifests(names: Names, delivered: Sequence[Delivered]) -> ManifestLog:
    log = ManifestLog()
    log.run_starts.append((0, "run"))
    for sent in delivered:
        log.ids.append(names.post(sent.workspace, sent.post_id, sent.revision))
        log.positions.append(position(sent.partition, sent.offset))
        log.lines.append(sent.line)
    return log


def _store(
    names: Names, cluster: Cluster, workspaces: Sequence[str], builder: LogBuilder, moment: Moment
) -> Store:
    store = Store()
    for topic, sample in builder.samples.items():
        records = {(record.partition, record.offset): record for record in sample.records}
        store.rows[topic] = []
        for table in STORED[topic]:
            physical = rows_at(cluster, table.name, moment)
            found = [(records.get(position_in(row, table)), row) for row in physical]
            pairs = [(record, row) for record, row in found if record is not None]
            store.rows[topic].append(StoredRows(table, pairs))
    rows = {
        name: [
            row for row in final_rows(cluster, name, moment) if not workspaces or row["workspace"] in workspaces
        ]
        for name in TABLES
    }
    for values in rows_at(cluster, "posts", moment):
        stored: dict[str, Any] = dict(zip(POSTS_TABLE.names, values, strict=True))
        if stored["is_deleted"]:
            number = names.number(f"{stored['workspace']}/{stored['post_id']}")
            store.add_deletion(number, stored["ver"], _at(stored))
    for row in rows["posts"]:
        store.posts.add(names.number(f"{row['workspace']}/{row['post_id']}"), _at(row), 0)
        store.post_vers.append(row["ver"])
    for row in rows["case_events"]:
        store.case_events.add(names.number(row["event_id"]), _at(row), 0)
    for row in rows["assignments"]:
        number = names.assignment(row["case_id"], row["attempt"], row["state"], row["update"])
        store.assignments.add(number, _at(row), 0)
    for kind, column, name in (("queue", "queue", "queue_gauges"), ("rep", "rep_id", "rep_presence")):
        for row in rows[name]:
            store.gauges.add(names.gauge(row["workspace"], kind, row[column], to_ms(row["at"])), _at(row), 0)
    return store


def position_in(row: Sequence[object], table: Table[Any]) -> tuple[int, int]:
    """Returns partition and offset of the record that a row says it was made of."""
    values: dict[str, Any] = dict(zip(table.names, row, strict=True))
    return values["_partition"], values["_offset"]


def _at(row: dict[str, Any]) -> int:
    return position(row["_partition"], row["_offset"])
