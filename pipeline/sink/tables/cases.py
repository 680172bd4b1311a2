"""Lists the columns of `case_events` and `assignments`. They hold ids, codes, numbers and times, and no text."""

from collections.abc import Callable
from datetime import datetime

from pipeline.clock import to_ms
from pipeline.sink.columns import TIME, WORD, WORDS, Column, Source, Table, position
from schemas.cases.case import Assignment, CaseEvent
from schemas.cases.context import DeadlineKind

_SHORT, _DELTA, _COUNT = "CODEC(ZSTD(1))", "CODEC(Delta, ZSTD(1))", "CODEC(T64, ZSTD(1))"
_MAYBE = f"Nullable({TIME})"


def _due(kind: DeadlineKind) -> Callable[[Assignment, Source], datetime | None]:
    """Returns what finds the time at which a clock of the case is due."""
    return lambda a, _: next((one.due_at for one in a.deadlines or () if one.kind == kind), None)


CASE_EVENTS = Table(
    "case_events",
    "One row a step of a case, counted once under FINAL.",
    CaseEvent,
    (
        Column("workspace", WORD, comment="customer of Earshot"),
        Column("case_id", "String", comment="same for all steps of a case", codec=_SHORT),
        Column("event_id", "String", comment="derived from case_id and seq", codec=_SHORT),
        Column("seq", "UInt64", comment="counts the steps of the case from 0 without a gap"),
        Column("type", WORD, comment="what happened"),
        Column("at", TIME, comment="when it happened", codec=_DELTA),
        Column("reason", WORD, comment="code of why it happened"),
        Column("post_id", "String", lambda e, _: e.post_id or "", "post of the step; empty: none", codec=_SHORT),
        Column("revision", "Nullable(UInt64)", comment="of that post"),
        Column("rep_id", WORD, lambda e, _: e.rep_id or "", "rep of the step; empty: nobody"),
        Column("attempt", "UInt64", lambda e, _: e.attempt or 0, "0: not about an offer"),
        Column("queue", WORD, lambda e, _: e.queue or "", "queue of the case"),
        Column("team", WORD, lambda e, _: e.team or "", "team of that queue"),
        Column("priority", "Nullable(Float32)", comment="of the case, higher first", unit="points, 0..100"),
        Column("respond_by", _MAYBE, comment="deadline of the first response"),
        Column(
            "state", WORD, lambda e, _: e.state or "", "of the case after the step; empty: closed, or not stated"
        ),
        Column("ring", "UInt8", lambda e, _: e.ring or 0, "that the case has reached; 0: before the first"),
        Column(
            "deadline",
            WORD,
            lambda e, _: e.deadline.kind if e.deadline else "",
            "first_response, next_response, resolution, reply_window: clock of the step; empty: about none",
        ),
        Column("due_at", _MAYBE, lambda e, _: e.deadline.due_at if e.deadline else None, "when that clock is due"),
        Column(
            "breached_at",
            _MAYBE,
            lambda e, _: e.deadline.breached_at if e.deadline else None,
            "when that clock was missed",
        ),
        Column(
            "channel", WORD, lambda e, _: e.channel or "", "public, direct: where the brand answered, of replied"
        ),
        Column(
            "answers_private",
            "Bool",
            lambda e, _: bool(e.answers_private),
            "a public answer to what the customer wrote in private",
        ),
        Column(
            "related_case",
            "String",
            lambda e, _: e.related_case or "",
            "other case that the step is about; empty: none",
            codec=_SHORT,
        ),
        Column("policy_version", "UInt64", comment="that decided"),
        Column(
            "cause_topic",
            WORD,
            lambda e, _: e.cause.topic if e.cause else "",
            "input record that led to it; empty for a timer",
        ),
        Column("cause_partition", "UInt32", lambda e, _: e.cause.partition if e.cause else 0, "its partition"),
        Column("cause_offset", "UInt64", lambda e, _: e.cause.offset if e.cause else 0, "its offset"),
        Column("ver", "UInt64", lambda _, s: s.record.append_ms, "append time of the record, ms", "ms"),
        *position(),
    ),
    key=("workspace", "case_id", "event_id"),
    partition_by="at",
    shard_by="case_id",
    indexes=(
        "ix_post post_id TYPE bloom_filter(0.001) GRANULARITY 1",
        "ix_inserted inserted_at TYPE minmax GRANULARITY 1",
    ),
)

_WHO_AND_WHY: tuple[Column[Assignment], ...] = (
    Column("workspace", WORD, comment="customer of Earshot"),
    Column("case_id", "String", comment="same for all offers of a case", codec=_SHORT),
    Column("attempt", "UInt64", comment="number of the offer of the case, from 1"),
    Column("state", WORD, comment="of the offer after the step"),
    # It is part of the key: without it a state that is told again would hide what was told before.
    Column("update", "UInt32", comment="0, then one more each time the same state is told again"),
    Column("assignment_id", "String", comment="derived from case and attempt", codec=_SHORT),
    Column("reason", WORD, comment="code of why the offer is in this state"),
    Column("rep_id", WORD, comment="rep to whom the case was offered"),
    Column("queue", WORD, comment="queue of the case"),
    Column("team", WORD, comment="team of that queue"),
    Column("platform", WORD, comment="network of the author"),
    Column("author_id", "String", "author.author_id", "account that the case is about", codec=_SHORT),
    Column(
        "post_ids",
        "Array(String)",
        lambda a, _: [post.post_id for post in a.posts],
        "posts that the rep is shown; their words are in posts",
        codec=_SHORT,
    ),
    Column("posts_total", "UInt64", comment="of the case, reposts included", unit="posts"),
    Column(
        "copies", "UInt64", lambda a, _: a.copies or 0, "of them, by others with the same text", "posts", _COUNT
    ),
    Column("reposts", "UInt64", lambda a, _: a.reposts or 0, "of them", "posts", _COUNT),
    Column(
        "led_by",
        "String",
        lambda a, _: a.led_by or "",
        "post of the highest priority, whose row in posts has its signals; empty: gone",
        codec=_SHORT,
    ),
    Column(
        "rule",
        WORD,
        lambda a, _: next((reason.rule for reason in a.reasons if reason.code == "rule"), ""),
        "of the policy, that decided about that post, or would have without doubt; empty: none",
    ),
    Column("topics", WORDS, lambda a, _: a.topics or (), "listening topics of its posts"),
    Column("case_state", WORD, lambda a, _: a.case_state or "", "of the case; empty: not stated"),
    Column("ring", "UInt8", lambda a, _: a.ring or 0, "that the case has reached; 0: before the first"),
    Column("earlier", "UInt8", lambda a, _: len(a.earlier or ()), "of the contact, at most five", "cases"),
    Column("consulted", "UInt8", lambda a, _: len(a.consulted or ()), "asked for advice", "reps"),
    Column(
        "related_case", "String", lambda a, _: a.related_case or "", "in whose thread this one began", codec=_SHORT
    ),
    Column("brand", WORD, lambda a, _: a.brand or "", "addressed, of several of the workspace"),
    Column("reply_as", WORD, lambda a, _: a.reply_as or "", "account of the brand that shall answer"),
    Column(
        "open_on_platform", "Bool", lambda a, _: bool(a.open_on_platform), "no answer by the platform's interface"
    ),
    Column(
        "sentiment", WORD, lambda a, _: a.sentiment.label if a.sentiment else "unread", "unread: nothing to read"
    ),
    Column("influence", "Float32", "influence.score", "of the author", "points, 0..100"),
    Column("priority", "Float32", comment="of the case, higher first", unit="points, 0..100"),
    Column("action", WORD, comment="none, context, thank, engage, moderate, respond, respond_privately, escalate"),
    Column("channel", WORD, comment="public, direct: where to answer"),
    Column("reason_codes", WORDS, lambda a, _: [reason.code for reason in a.reasons], "why, heaviest first"),
    Column(
        "reason_weights",
        "Array(Float32)",
        lambda a, _: [reason.weight for reason in a.reasons],
        "points of the priority that each reason gave; 0 where it is none of its parts",
    ),
    Column("eligible", "UInt64", "candidates.eligible", "who could take it, the chosen one too", "reps"),
    Column("present", "UInt64", "candidates.present", "signed in and available in the team", "reps"),
    Column(
        "excluded",
        f"Map({WORD}, UInt64)",
        lambda a, _: dict(a.candidates.excluded),
        "reason code to how many could not take it",
        "reps",
    ),
)

_WHEN: tuple[Column[Assignment], ...] = (
    Column("queued_at", TIME, comment="when the case began to wait", codec=_DELTA),
    Column("decided_at", TIME, comment="when the offer came into this state", codec=_DELTA),
    Column("expires_at", _MAYBE, comment="when the offer ends unless the rep answers"),
    Column("respond_by", TIME, comment="deadline of the first response", codec=_DELTA),
    # The clocks run by the SLA of the queue. NULL where the case has no such clock, or it stands still.
    Column("first_response_due", _MAYBE, _due("first_response"), "when it is due by the SLA; NULL: no such clock"),
    Column("next_response_due", _MAYBE, _due("next_response"), "when it is due by the SLA; NULL: no such clock"),
    Column("resolution_due", _MAYBE, _due("resolution"), "when it is due by the SLA; NULL: no such clock"),
    Column("reply_window_ends", _MAYBE, _due("reply_window"), "when the platform takes no more answers"),
    Column(
        "breached",
        WORDS,
        lambda a, _: [one.kind for one in a.deadlines or () if one.breached_at is not None],
        "deadlines that were missed by then",
    ),
    # The two durations below are signed: on the event clock a decision may bear an earlier time than its cause.
    Column("trace_started_at", TIME, comment="append time of the raw record that began the chain", codec=_DELTA),
    Column("waited_ms", "Int64", lambda a, _: to_ms(a.decided_at) - to_ms(a.queued_at), "queued to decided", "ms"),
    Column(
        "since_received_ms",
        "Int64",
        lambda a, s: s.record.append_ms - to_ms(a.trace_started_at),
        "raw record appended to assignment appended, machine time",
        "ms",
    ),
    Column("policy_version", "UInt64", comment="that decided"),
    Column(
        "cause_topic",
        WORD,
        lambda a, _: a.cause.topic if a.cause else "",
        "input record that led to it; empty for a timer",
    ),
    Column("cause_partition", "UInt32", lambda a, _: a.cause.partition if a.cause else 0, "its partition"),
    Column("cause_offset", "UInt64", lambda a, _: a.cause.offset if a.cause else 0, "its offset"),
    Column("ver", "UInt64", lambda _, s: s.record.append_ms, "append time of the record, ms", "ms"),
)

ASSIGNMENTS = Table(
    "assignments",
    "One row a state of an offer: who got which case, when and why.",
    Assignment,
    (*_WHO_AND_WHY, *_WHEN, *position()),
    key=("workspace", "case_id", "attempt", "state", "update"),
    partition_by="decided_at",
    shard_by="case_id",
    indexes=(
        "ix_rep rep_id TYPE bloom_filter(0.01) GRANULARITY 1",
        "ix_inserted inserted_at TYPE minmax GRANULARITY 1",
    ),
)
