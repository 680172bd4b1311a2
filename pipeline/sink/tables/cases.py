"""Rows of `case_events` and `assignments`: ids, codes, numbers and times; no text."""

from collections.abc import Callable, Mapping

from pipeline.clock import to_ms
from pipeline.sink.rows import POSITION, Source, Table
from schemas.cases.case import Assignment, CaseEvent

CASE_EVENTS = Table(
    "case_events",
    CaseEvent,
    {
        "workspace": lambda e, _: e.workspace,
        "case_id": lambda e, _: e.case_id,
        "event_id": lambda e, _: e.event_id,
        "seq": lambda e, _: e.seq,
        "type": lambda e, _: e.type,
        "at": lambda e, _: e.at,
        "reason": lambda e, _: e.reason,
        "post_id": lambda e, _: e.post_id or "",
        "revision": lambda e, _: e.revision,
        "rep_id": lambda e, _: e.rep_id or "",
        "attempt": lambda e, _: e.attempt or 0,
        "queue": lambda e, _: e.queue or "",
        "team": lambda e, _: e.team or "",
        "priority": lambda e, _: e.priority,
        "respond_by": lambda e, _: e.respond_by,
        "policy_version": lambda e, _: e.policy_version,
        "cause_topic": lambda e, _: e.cause.topic if e.cause else "",
        "cause_partition": lambda e, _: e.cause.partition if e.cause else 0,
        "cause_offset": lambda e, _: e.cause.offset if e.cause else 0,
        "ver": lambda _, s: s.record.append_ms,
        **POSITION,
    },
    key=("workspace", "case_id", "event_id"),
)

_WHO_AND_WHY: Mapping[str, Callable[[Assignment, Source], object]] = {
    "workspace": lambda a, _: a.workspace,
    "case_id": lambda a, _: a.case_id,
    "attempt": lambda a, _: a.attempt,
    "state": lambda a, _: a.state,
    "update": lambda a, _: a.update,
    "assignment_id": lambda a, _: a.assignment_id,
    "reason": lambda a, _: a.reason,
    "rep_id": lambda a, _: a.rep_id,
    "queue": lambda a, _: a.queue,
    "team": lambda a, _: a.team,
    "platform": lambda a, _: a.platform,
    "author_id": lambda a, _: a.author.author_id,
    "post_ids": lambda a, _: [post.post_id for post in a.posts],
    "posts_total": lambda a, _: a.posts_total,
    "sentiment": lambda a, _: a.sentiment.label if a.sentiment else "unread",
    "influence": lambda a, _: a.influence.score,
    "priority": lambda a, _: a.priority,
    "action": lambda a, _: a.action,
    "channel": lambda a, _: a.channel,
    "reason_codes": lambda a, _: [reason.code for reason in a.reasons],
    "reason_weights": lambda a, _: [reason.weight for reason in a.reasons],
    "eligible": lambda a, _: a.candidates.eligible,
    "present": lambda a, _: a.candidates.present,
    "excluded": lambda a, _: dict(a.candidates.excluded),
}

_WHEN: Mapping[str, Callable[[Assignment, Source], object]] = {
    "queued_at": lambda a, _: a.queued_at,
    "decided_at": lambda a, _: a.decided_at,
    "expires_at": lambda a, _: a.expires_at,
    "respond_by": lambda a, _: a.respond_by,
    "trace_started_at": lambda a, _: a.trace_started_at,
    "waited_ms": lambda a, _: to_ms(a.decided_at) - to_ms(a.queued_at),
    "since_received_ms": lambda a, s: s.record.append_ms - to_ms(a.trace_started_at),
    "policy_version": lambda a, _: a.policy_version,
    "cause_topic": lambda a, _: a.cause.topic if a.cause else "",
    "cause_partition": lambda a, _: a.cause.partition if a.cause else 0,
    "cause_offset": lambda a, _: a.cause.offset if a.cause else 0,
    "ver": lambda _, s: s.record.append_ms,
}

ASSIGNMENTS = Table(
    "assignments",
    Assignment,
    {**_WHO_AND_WHY, **_WHEN, **POSITION},
    key=("workspace", "case_id", "attempt", "state", "update"),
    signed=frozenset({"waited_ms", "since_received_ms"}),
)
