"""Turns the records of each topic into columns of logs. Each value is decoded, reduced to numbers and dropped.

An unreadable record is noted by its position and error code. The module does not talk to Kafka and gives no
verdict.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import xxhash
from pydantic import BaseModel

from pipeline.audit.collect.sample import Sample
from pipeline.audit.collected import CurrentCase, Facts, Store
from pipeline.audit.hops import steps
from pipeline.audit.interned_ids import Names
from pipeline.audit.letters import Letter, Letters
from pipeline.audit.logs import (
    ActionableLog,
    AssignmentLog,
    EventLog,
    GaugeLog,
    Log,
    ManifestLog,
    MentionLog,
    ScoredLog,
    position,
)
from pipeline.clock import to_ms
from pipeline.codec import decode
from pipeline.enrich.outputs import belongs_in_actionable
from pipeline.errors import Permanent
from pipeline.ports.records import InputRecord
from pipeline.route.ids import event_id
from pipeline.sink.tables.posts import POSTS
from pipeline.sink.tables.standing import QUEUE_GAUGES, REP_PRESENCE
from schemas.cases.case import Assignment, CaseCurrent, CaseEvent
from schemas.cases.gauges import QueueGauge, RouteGauge
from schemas.dead_letter import dead_letters_of, decode_headers
from schemas.posts.mention import Mention
from schemas.posts.raw import RawPost
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS, CASES, GAUGES, MENTIONS, RAW, SCORED, team_topic

M = TypeVar("M", bound=BaseModel)
DAY_MS = 86_400_000


def digest(key: bytes | None, value: bytes | None) -> bytes:
    """Returns a hash of the bytes of a record, in which absent and empty differ."""
    # The lengths come first, so that bytes cannot move from key to value unseen.
    head = f"{-1 if key is None else len(key)}/{-1 if value is None else len(value)}/".encode()
    return xxhash.xxh3_128_digest(head + (key or b"") + (value or b""))


def add_letter(
    letters: Mapping[str, Letters], record: InputRecord, headers: list[tuple[str, bytes]]
) -> str | None:
    """Notes one dead letter under its source topic.

    Args:
        letters: maps a source topic to its dead letters.
        record: the letter.
        headers: the headers of the letter.

    Returns:
        What is wrong with the letter itself, or None when it is sound.
    """
    where = f"{record.topic}/{record.partition}/{record.offset}"
    try:
        info = decode_headers(headers)
    except ValueError as error:
        return f"{where}: {error}"
    if info.source.topic not in letters or dead_letters_of(info.source.topic) != record.topic:
        return f"{where}: it names {info.source.topic} as its source"
    letter = Letter(info.code, where, digest(record.key, record.value))
    letters[info.source.topic].add(position(info.source.partition, info.source.offset), letter)
    return None


class LogBuilder:
    """Fills the logs.

    Args:
        names: numbers all names.
        workspaces: the only ones that count, or all if empty.
        now_ms: the time of the audit.
        ttl_days: the retention of each table that has one; None or no entry if it keeps rows for ever.
    """

    def __init__(
        self, names: Names, workspaces: frozenset[str], now_ms: int, ttl_days: Mapping[str, int | None]
    ) -> None:
        self.raw = Log(RAW.name)
        self.scored = ScoredLog(SCORED.name)
        self.actionable = ActionableLog(ACTIONABLE.name)
        self.mentions = MentionLog(MENTIONS.name)
        self.events = EventLog(CASE_EVENTS.name)
        self.assignments = AssignmentLog(ASSIGNMENTS.name)
        self.teams: dict[str, AssignmentLog] = {}
        self.current_log = Log(CASES.name)
        self.current: dict[int, CurrentCase] = {}
        self.gauges = GaugeLog(GAUGES.name)
        self.samples = {topic.name: Sample() for topic in (SCORED, CASE_EVENTS, ASSIGNMENTS, GAUGES)}
        """Maps each topic that is stored to the records whose rows are compared whole."""
        self._keyed = (self.raw, self.scored, self.actionable, self.mentions, self.gauges)
        """The logs of the topics whose keys begin with the workspace."""
        self._names = names
        self._workspaces = workspaces
        self._keeps_from_ms = {
            table: now_ms - days * DAY_MS for table, days in ttl_days.items() if days is not None
        }

    def facts(self, manifests: ManifestLog, actionable_partitions: dict[str, int], store: Store) -> Facts:
        """Returns the logs of all topics together with what was collected elsewhere."""
        return Facts(
            names=self._names,
            manifests=manifests,
            raw=self.raw,
            scored=self.scored,
            actionable=self.actionable,
            actionable_partitions=actionable_partitions,
            mentions=self.mentions,
            events=self.events,
            assignments=self.assignments,
            teams=list(self.teams.values()),
            current=self.current,
            current_log=self.current_log,
            gauges=self.gauges,
            store=store,
        )

    def add_raw(self, record: InputRecord) -> None:
        """Adds a record of posts.raw."""
        post = self._decode(RawPost, self.raw, record)
        if post is not None and self.includes(post.workspace):
            number = self._names.post(post.workspace, post.post_id, post.revision)
            self.raw.add(number, position(record.partition, record.offset), record.append_ms)

    def add_scored(self, record: InputRecord) -> None:
        """Adds a record of posts.scored."""
        post, log = self._decode(ScoredPost, self.scored, record), self.scored
        if post is None or not self.includes(post.workspace):
            return
        number = self._names.post(post.workspace, post.post_id, post.revision)
        log.add(number, position(record.partition, record.offset), record.append_ms)
        log.sources.append(position(post.source.partition, post.source.offset))
        log.vers.append(post.ver)
        log.actionable.append(belongs_in_actionable(post))
        log.deleted.append(post.deleted)
        log.outdated.append(to_ms(post.created_at) < self._keeps_from_ms.get(POSTS.name, 0))
        # A removed post says nothing, so it is a mention of no topic.
        for hit in () if post.deleted else post.topics:
            log.wanting.append(len(log) - 1)
            log.topics.append(self._names.number(f"{post.workspace}/{hit.topic}"))
        self._sample(log, record)

    def add_actionable(self, record: InputRecord) -> None:
        """Adds a record of posts.actionable."""
        post = self._decode(ScoredPost, self.actionable, record)
        if post is not None and self.includes(post.workspace):
            number = self._names.post(post.workspace, post.post_id, post.revision)
            self.actionable.add(number, position(record.partition, record.offset), record.append_ms)
            self.actionable.sources.append(position(post.source.partition, post.source.offset))

    def add_mention(self, record: InputRecord) -> None:
        """Adds a record of mentions."""
        mention, log = self._decode(Mention, self.mentions, record), self.mentions
        if mention is not None and self.includes(mention.workspace):
            number = self._names.post(mention.workspace, mention.post_id, mention.revision)
            log.add(number, position(record.partition, record.offset), record.append_ms)
            log.topics.append(self._names.number(f"{mention.workspace}/{mention.topic}"))
            log.sources.append(position(mention.source.partition, mention.source.offset))

    def add_event(self, record: InputRecord) -> None:
        """Adds a record of cases.events."""
        event, log = self._decode(CaseEvent, self.events, record), self.events
        if event is None or not self.includes(event.workspace):
            return
        log.add(self._names.number(event.event_id), position(record.partition, record.offset), record.append_ms)
        log.cases.append(self._names.number(event.case_id))
        # Events about no open case (refused posts, requests about unknown cases) have ids of another making.
        of_case = event.event_id == event_id(event.case_id, event.seq)
        log.seqs.append(event.seq if of_case else -1)
        log.steps.append(steps.step_code(event) if of_case else steps.UNCHANGED)
        state = steps.assignment_state(event)
        implied = -1
        if state is not None and event.attempt is not None:
            implied = self._names.assignment(event.case_id, event.attempt, state)
        log.assignments.append(implied)
        self._add_outcome(event)
        self._sample(log, record)

    def _add_outcome(self, event: CaseEvent) -> None:
        log, post, cause = self.events, -1, -1
        if event.type in steps.OUTCOMES and event.post_id is not None:
            post = self._names.post(event.workspace, event.post_id, event.revision or 0)
            if event.cause is not None and event.cause.topic == ACTIONABLE.name:
                cause = position(event.cause.partition, event.cause.offset)
        log.posts.append(post)
        log.causes.append(cause)
        log.too_old.append(event.type == "refused" and event.reason == "too_old")

    def add_assignment(self, record: InputRecord) -> None:
        """Adds a record of `assignments` or of a team's topic."""
        log = self.assignments if record.topic == ASSIGNMENTS.name else self.teams[record.topic]
        assignment = self._decode(Assignment, log, record)
        if assignment is not None and self.includes(assignment.workspace):
            number = self._names.assignment(
                assignment.case_id, assignment.attempt, assignment.state, assignment.update
            )
            log.add(number, position(record.partition, record.offset), record.append_ms)
            first = self._names.assignment(assignment.case_id, assignment.attempt, assignment.state)
            log.firsts.append(first)
            log.teams.append(self._names.number(team_topic(assignment.workspace, assignment.team).name))
            if log is self.assignments:
                self._sample(log, record)

    def add_current(self, record: InputRecord) -> None:
        """Adds a record of cases.current. The last record of a key counts."""
        at = position(record.partition, record.offset)
        if record.value is None:
            if record.key is not None:
                number = self._names.number(record.key.decode(errors="replace"))
                self.current[number] = CurrentCase(None, -1, at, record.append_ms)
            return
        case = self._decode(CaseCurrent, self.current_log, record)
        if case is not None and self.includes(case.workspace):
            number = self._names.number(case.case_id)
            self.current[number] = CurrentCase(case.state, case.event_seq, at, record.append_ms)

    def add_gauge(self, record: InputRecord) -> None:
        """Adds a record of route.gauges."""
        decoded, log = self._decode(RouteGauge, self.gauges, record), self.gauges
        if decoded is None or not self.includes(decoded.root.workspace):
            return
        gauge = decoded.root
        kind, name = ("queue", gauge.queue) if isinstance(gauge, QueueGauge) else ("rep", gauge.rep_id)
        table = QUEUE_GAUGES if isinstance(gauge, QueueGauge) else REP_PRESENCE
        number = self._names.gauge(gauge.workspace, kind, name, to_ms(gauge.at))
        log.add(number, position(record.partition, record.offset), record.append_ms)
        # Its row was stored later than the record was appended, and is kept from then on.
        log.outdated.append(record.append_ms < self._keeps_from_ms.get(table.name, 0))
        self._sample(log, record)

    def includes(self, workspace: str) -> bool:
        """Says whether the workspace is one of those that count."""
        return not self._workspaces or workspace in self._workspaces

    def handlers(self) -> Mapping[str, Callable[[InputRecord], None]]:
        """Maps a topic to the method that adds its records, including the team topics noted so far."""
        return {
            RAW.name: self.add_raw,
            SCORED.name: self.add_scored,
            ACTIONABLE.name: self.add_actionable,
            MENTIONS.name: self.add_mention,
            CASE_EVENTS.name: self.add_event,
            ASSIGNMENTS.name: self.add_assignment,
            **dict.fromkeys(self.teams, self.add_assignment),
            CASES.name: self.add_current,
            GAUGES.name: self.add_gauge,
        }

    def logs(self) -> Mapping[str, Log]:
        """Maps a topic to its log."""
        logs = (self.raw, self.scored, self.actionable, self.mentions, self.events, self.assignments)
        return {log.name: log for log in (*logs, *self.teams.values(), self.current_log, self.gauges)}

    def _sample(self, log: Log, record: InputRecord) -> None:
        # A record that the stage has not come to has no row yet and would only take the place of another one.
        if log.is_handled(position(record.partition, record.offset)):
            self.samples[log.name].offer(record)

    def _decode(self, model: type[M], log: Log, record: InputRecord) -> M | None:
        at = position(record.partition, record.offset)
        letter = log.letters.by_source.get(at)
        if letter is not None and letter.digest != digest(record.key, record.value):
            log.letters.altered.add(at)
        try:
            return decode(model, record.value)
        except Permanent as reason:
            if self._may_count(log, record.key, at):
                log.unreadable.append((at, reason.code))
            return None

    def _may_count(self, log: Log, key: bytes | None, at: int) -> bool:
        """Says whether an unreadable record may belong to a chosen workspace, by its key.

        Nobody can tell for a record whose key has no workspace, so it counts unless it is kept as a dead letter.
        """
        if not self._workspaces:
            return True
        if key is None or log not in self._keyed:
            return not log.letters.kept(at)
        return key.split(b"/", 1)[0].decode(errors="replace") in self._workspaces
