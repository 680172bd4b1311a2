"""Lists the columns of `queue_gauges` and `rep_presence`, in which supervisors see how queues and reps stand.

Both are made of `route.gauges`. Figures about single reps are employees' data, so they have a table of their own,
with a keeping time of its own, which analysts cannot read.
"""

from pipeline.sink.columns import TIME, WORD, WORDS, Column, Table, position
from schemas.cases.gauges import RouteGauge

_DELTA = "CODEC(Delta, ZSTD(1))"
_GAUGE = "CODEC(T64, ZSTD(1))"
_VER: Column[RouteGauge] = Column(
    "ver", "UInt64", lambda _, s: s.record.append_ms, "append time of the record, ms", "ms"
)

QUEUE_GAUGES = Table(
    "queue_gauges",
    "One row a queue and minute: how the queue stood at its end, while the router was at the live edge.",
    RouteGauge,
    (
        Column("workspace", WORD, "root.workspace", "customer of Earshot"),
        Column("queue", WORD, "root.queue", "queue of the policy"),
        Column("team", WORD, "root.team", "team that takes its cases"),
        Column("at", TIME, "root.at", "end of the minute, by the router's time", codec=_DELTA),
        Column("waiting", "UInt64", "root.waiting", "that waited for an offer", "cases", _GAUGE),
        Column(
            "oldest_s", "Nullable(UInt64)", "root.oldest_s", "wait of the oldest of them; NULL: none waited", "s"
        ),
        Column(
            "expected_wait_s",
            "Nullable(UInt64)",
            "root.expected_wait_s",
            "until a new case would be taken up, by the pace of the hour before; NULL: none was taken up",
            "s",
        ),
        Column(
            "unmatched",
            "UInt64",
            "root.unmatched",
            "of those that waited, that no rep at work could take, however free",
            "cases",
            _GAUGE,
        ),
        Column("held", "UInt64", "root.held", "that reps had or were offered", "cases", _GAUGE),
        Column(
            "present", "UInt64", "root.present", "of its pool, signed in, available and answering", "reps", _GAUGE
        ),
        Column(
            "occupancy",
            "Nullable(Float32)",
            "root.occupancy",
            "share of their capacity that was taken; NULL: nobody was there",
            "0..1",
        ),
        Column("due_soon", "UInt64", "root.due_soon", "with a deadline that comes soon", "cases", _GAUGE),
        Column("breached", "UInt64", "root.breached", "open ones that have missed a deadline", "cases", _GAUGE),
        _VER,
        *position(),
    ),
    key=("workspace", "queue", "at"),
    partition_by="at",
    shard_by="queue",
    indexes=("ix_inserted inserted_at TYPE minmax GRANULARITY 1",),
)

REP_PRESENCE = Table(
    "rep_presence",
    "One row a change: what the presence of a rep became. A router that begins says it of all reps again. Of the "
    "accounts that can only read, only the supervisors' reads it.",
    RouteGauge,
    (
        Column("workspace", WORD, "root.workspace", "customer of Earshot"),
        Column("rep_id", WORD, "root.rep_id", "rep whose presence it is"),
        Column("at", TIME, "root.at", "when it became so, by the router's time", codec=_DELTA),
        Column("presence", WORD, "root.presence", "available, away, not_responding, signed_out"),
        Column("teams", WORDS, "root.teams", "whose cases the rep takes"),
        Column("capacity", "UInt64", "root.capacity", "most at once, offers included", "cases"),
        Column("taken", "UInt64", "root.taken", "of the capacity, at that moment", "cases"),
        _VER,
        *position(),
    ),
    key=("workspace", "rep_id", "at"),
    partition_by="at",
    shard_by="rep_id",
    indexes=("ix_inserted inserted_at TYPE minmax GRANULARITY 1",),
)
