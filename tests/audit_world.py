"""A small world that the audit finds clean, with one fault planted where a test wants it.

The stages' real pure code runs (the rule of what is actionable, the router, the sink's rows); only Kafka and
ClickHouse are lists. Offsets are assigned as a broker would, so the same world can be written to a real one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from pipeline.adapters.partitioning import partition_of
from pipeline.audit.facts import AssignmentLog, Facts, ManifestLog, Store, position
from pipeline.audit.names import Names, workspace_of
from pipeline.audit.taking import Taker, take_letter
from pipeline.clock import from_ms
from pipeline.codec import decode, encode
from pipeline.enrich.actionable import belongs_in_actionable
from pipeline.ingest.manifest import Delivered
from pipeline.ports import InputRecord, Output
from pipeline.route import ids
from pipeline.route.router import Router
from pipeline.sink.cases import ASSIGNMENTS as ASSIGNMENTS_TABLE
from pipeline.sink.cases import CASE_EVENTS as EVENTS_TABLE
from pipeline.sink.posts import POSTS as POSTS_TABLE
from pipeline.sink.rows import Source, Table
from schemas.case import Assignment, CaseEvent
from schemas.dead_letter import DeadLetterInfo, encode_headers
from schemas.enrichment import ScoredPost
from schemas.message import SourcePosition
from schemas.post import RawPost
from schemas.rep import AnyRepEvent
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, CASES, RAW, REPS, SCORED, post_key
from tests.builders import START_MS, accept, policy, post, reject, reply, resolve, scored, signed_in

M = TypeVar("M", bound=BaseModel)
P, R = 4, 2
VICTIM = "x:p4"
"""A direct message that opens no case: the post that is lost or doubled."""
FAR_AHEAD = timedelta(days=90)
"""Another month's partition: ClickHouse replaces rows within one only."""


class Written(NamedTuple):
    """A record with its headers."""

    record: InputRecord
    headers: list[tuple[str, bytes]]


@dataclass
class Cluster:
    """Topics and tables, shared by the worlds of several workspaces."""

    topics: dict[str, list[list[Written]]] = field(default_factory=dict)
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: defaultdict(list))

    def log(self, topic: str) -> list[list[Written]]:
        """The partitions of a topic."""
        count = 1 if topic.endswith(".dlq") else P if topic in (RAW.name, SCORED.name) else R
        return self.topics.setdefault(topic, [[] for _ in range(count)])

    def append(
        self, topic: str, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> InputRecord:
        """Adds a record where its key belongs."""
        logs = self.log(topic)
        n = partition_of(key, len(logs))
        record = InputRecord(topic, n, len(logs[n]), key, value, START_MS)
        logs[n].append(Written(record, list(headers)))
        return record

    def give_up(self, record: InputRecord, code: str, *, value: bytes | None) -> None:
        """Adds the dead letter of a record."""
        source = SourcePosition(topic=record.topic, partition=record.partition, offset=record.offset)
        info = DeadLetterInfo(
            stage="test", code=code, detail=code, source=source, appended_ms=START_MS, failed_ms=START_MS
        )
        self.append(f"{record.topic}.dlq", record.key or b"", value, encode_headers(info))


@dataclass(frozen=True)
class Plant:
    """The one fault of a world: 0 copies or 2 of one thing at one place, each named where it is planted."""

    hop: str = ""
    copies: int = 1

    def at(self, hop: str) -> int:
        """How many copies this place gets."""
        return self.copies if hop == self.hop else 1


@dataclass
class World:
    """One workspace's traffic through the whole pipeline."""

    cluster: Cluster
    workspace: str = "acme"
    plant: Plant = Plant()
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.case = {name: ids.case_id(self.workspace, f"x:{name}", 0) for name in ("p1", "p2", "p3")}
        self._route(self._enrich(self._ingest()))

    def _ingest(self) -> list[tuple[InputRecord, RawPost]]:
        """posts.raw with its manifest; an unreadable record and one with a wrong key, both dead letters."""
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
        other = encode(post("p6", "zed", workspace=self.workspace))
        wrong = self.cluster.append(RAW.name, post_key(self.workspace, "x:not-zed"), other)
        self.cluster.give_up(wrong, "wrong_key", value=b"altered" if self.plant.hop == "altered" else other)
        return received

    def _enrich(self, received: Sequence[tuple[InputRecord, RawPost]]) -> list[tuple[InputRecord, ScoredPost]]:
        """posts.scored, posts.actionable with an unreadable record, rows of posts."""
        actionable = []
        for record, raw in received:
            made, victim = self._score(record, raw), raw.post_id == VICTIM
            copies = self.plant.at("scored") if victim else 1
            written = [self.cluster.append(SCORED.name, record.key or b"", encode(made)) for _ in range(copies)]
            for at in written:
                self._row(POSTS_TABLE, made, at, "created_at" if victim else None)
            copies = self.plant.at("actionable") if victim else 1
            if written and belongs_in_actionable(made):
                key = made.workspace.encode()
                actionable += [
                    (self.cluster.append(ACTIONABLE.name, key, encode(made)), made) for _ in range(copies)
                ]
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
            source=SourcePosition(topic=RAW.name, partition=record.partition, offset=record.offset),
            appended_ms=record.append_ms,
        )

    def _route(self, actionable: Sequence[tuple[InputRecord, ScoredPost]]) -> None:
        """The real router over the posts and a day's work of one rep."""
        router = Router(lambda: {self.workspace: policy(workspace=self.workspace)}, 15 * 86_400_000, "processing")
        posts = [
            record
            for record, made in actionable
            if not (made.post_id == VICTIM and self.plant == Plant("events", 0))
        ]
        work: list[AnyRepEvent] = [
            accept(self.case["p1"]), reply(self.case["p1"]), resolve(self.case["p1"]),
            accept(self.case["p2"]), reply(self.case["p2"]), reject(self.case["p3"]), accept("no-such-case"),
        ]  # fmt: skip
        inputs = [self._rep(signed_in(capacity=3)), *posts, *map(self._rep, work)]
        for ms, record in enumerate(inputs):
            router.decide(record, START_MS + ms)
            for output in router.decisions().outputs:
                self._publish(output)
            router.commit()

    def _rep(self, event: AnyRepEvent) -> InputRecord:
        mine = event.model_copy(update={"workspace": self.workspace})
        return InputRecord(REPS.name, 0, 0, self.workspace.encode(), encode(mine), START_MS)

    def _publish(self, output: Output) -> None:
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
        """Stores a row; of the victim (`time_field` given) as many as planted, a second one in another month."""
        place = "assignments table" if table is ASSIGNMENTS_TABLE else table.name
        copies = 1 if time_field is None else self.plant.at(place)
        for copy in range(copies):
            if copy and time_field is not None:
                later = getattr(message, time_field) + FAR_AHEAD
                message = message.model_copy(update={time_field: later})
            self.cluster.rows[table.name].append(table.row(message, Source(at, from_ms(START_MS))))


TABLES: dict[str, tuple[Table[Any], str]] = {
    "posts": (POSTS_TABLE, "created_at"),
    "case_events": (EVENTS_TABLE, "at"),
    "assignments": (ASSIGNMENTS_TABLE, "decided_at"),
}
"""Table and the column that chooses a row's partition."""


def final_rows(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    """What ClickHouse shows under FINAL: one row a sorting key and month, the highest version, no deleted ones."""
    table, time_column = TABLES[name]
    best: dict[object, dict[str, Any]] = {}
    for values in cluster.rows[name]:
        row: dict[str, Any] = dict(zip(table.columns, values, strict=True))
        key = (*(row[column] for column in table.key), row[time_column].strftime("%Y%m"))
        if key not in best or row["ver"] >= best[key]["ver"]:
            best[key] = row
    return [row for row in best.values() if not row.get("is_deleted")]


def collect(cluster: Cluster, delivered: Sequence[Delivered], *workspaces: str) -> Facts:
    """The facts that the collectors would bring."""
    names = Names()
    taker = Taker(names, frozenset(workspaces), START_MS, None)
    taker.teams = {name: AssignmentLog(name) for name in cluster.topics if name.startswith(f"{ASSIGNMENTS.name}.")}
    logs = taker.logs()
    for name, log in cluster.topics.items():
        for record, headers in (written for partition in log for written in partition):
            if name.endswith(".dlq"):
                assert take_letter({n: kept.letters for n, kept in logs.items()}, record, headers) is None
    for name, take in taker.takers().items():
        logs[name].end = {n: len(written) for n, written in enumerate(cluster.log(name))}
        for record, _ in (written for partition in cluster.log(name) for written in partition):
            take(record)
    seen = {workspace_of(names.post_name(number)) for number in taker.scored.ids}
    return Facts(
        names=names,
        manifests=_manifests(names, delivered),
        raw=taker.raw,
        scored=taker.scored,
        actionable=taker.actionable,
        actionable_partitions={workspace: partition_of(workspace.encode(), R) for workspace in seen},
        events=taker.events,
        assignments=taker.assignments,
        teams=list(taker.teams.values()),
        current=taker.current,
        current_log=taker.current_log,
        store=_store(names, cluster, workspaces),
        snapshot_ms=START_MS + 1,
    )


def _manifests(names: Names, delivered: Sequence[Delivered]) -> ManifestLog:
    log = ManifestLog()
    log.run_starts.append((0, "run"))
    for sent in delivered:
        log.ids.append(names.post(sent.workspace, sent.post_id, sent.revision))
        log.positions.append(position(sent.partition, sent.offset))
        log.lines.append(sent.line)
    return log


def _store(names: Names, cluster: Cluster, workspaces: Sequence[str]) -> Store:
    store = Store()
    rows = {
        name: [row for row in final_rows(cluster, name) if not workspaces or row["workspace"] in workspaces]
        for name in TABLES
    }
    for row in rows["posts"]:
        store.posts.add(names.number(f"{row['workspace']}/{row['post_id']}"), _at(row), 0)
        store.post_vers.append(row["ver"])
    for row in rows["case_events"]:
        store.case_events.add(names.number(row["event_id"]), _at(row), 0)
    for row in rows["assignments"]:
        number = names.assignment(row["case_id"], row["attempt"], row["state"], row["update"])
        store.assignments.add(number, _at(row), 0)
    return store


def _at(row: dict[str, Any]) -> int:
    return position(row["_partition"], row["_offset"])
