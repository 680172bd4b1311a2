"""Lists the columns of `case_events` and `assignments`. They hold ids, codes, numbers and times, and no text."""

from pipeline.clock import to_ms
from pipeline.sink.columns import TIME, WORD, WORDS, Column, Table, position
from schemas.cases.case import Assignment, CaseEvent

_SHORT, _DELTA = "CODEC(ZSTD(1))", "CODEC(Delta, ZSTD(1))"

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
        Column("respond_by", f"Nullable({TIME})", comment="deadline of the first response"),
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
        "sentiment", WORD, lambda a, _: a.sentiment.label if a.sentiment else "unread", "unread: nothing to read"
    ),
    Column("influence", "Float32", "influence.score", "of the author", "points, 0..100"),
    Column("priority", "Float32", comment="of the case, higher first", unit="points, 0..100"),
    Column("action", WORD, comment="none, thank, engage, respond"),
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
    Column("expires_at", f"Nullable({TIME})", comment="when the offer ends unless the rep answers"),
    Column("respond_by", TIME, comment="deadline of the first response", codec=_DELTA),
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
