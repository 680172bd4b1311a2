-- How queues stand each minute, and when reps come and go, both from route.gauges. The router may tell a minute twice,
-- after a restart or from two workers: the sorting key has the minute, so that FINAL counts it once.
-- Figures about single reps are employees' data. They have a table of their own, with a keeping time of its own
-- (EARSHOT_SINK__PRESENCE_TTL_DAYS, set by `earshot migrate`), which the analysts' account does not read.

CREATE TABLE IF NOT EXISTS {database}.queue_gauges{local} {on_cluster} (
    workspace       LowCardinality(String) COMMENT 'customer of Earshot',
    queue           LowCardinality(String) COMMENT 'queue of the policy',
    team            LowCardinality(String) COMMENT 'team that takes its cases',
    at              DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'end of the minute, by the router''s time',
    waiting         UInt64 CODEC(T64, ZSTD(1)) COMMENT 'that waited for an offer',
    oldest_s        Nullable(UInt64) COMMENT 'wait of the oldest of them; NULL: none waited',
    expected_wait_s Nullable(UInt64) COMMENT 'until a new case would be taken up, by the pace of the hour before; NULL: none was taken up',
    held            UInt64 CODEC(T64, ZSTD(1)) COMMENT 'that reps had or were offered',
    present         UInt64 CODEC(T64, ZSTD(1)) COMMENT 'of its pool, signed in, available and answering',
    occupancy       Nullable(Float32) COMMENT 'share of their capacity that was taken; NULL: nobody was there',
    due_soon        UInt64 CODEC(T64, ZSTD(1)) COMMENT 'with a deadline that comes soon',
    breached        UInt64 CODEC(T64, ZSTD(1)) COMMENT 'open ones that have missed a deadline',
    ver             UInt64 COMMENT 'append time of the record, ms',
    _topic          LowCardinality(String) COMMENT 'topic of the record that the row was made of',
    _partition      UInt32 COMMENT 'its partition',
    _offset         UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'its offset',
    inserted_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'by the sink, never by the server',
    INDEX ix_inserted inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}(ver)
PARTITION BY toYYYYMM(at)
ORDER BY (workspace, queue, at)
SETTINGS {windows};

-- cluster only
CREATE TABLE IF NOT EXISTS {database}.queue_gauges {on_cluster} AS {database}.queue_gauges_local
ENGINE = Distributed('{cluster}', {database}, queue_gauges_local, cityHash64(queue));

CREATE TABLE IF NOT EXISTS {database}.rep_presence{local} {on_cluster} (
    workspace   LowCardinality(String) COMMENT 'customer of Earshot',
    rep_id      LowCardinality(String) COMMENT 'rep whose presence it is',
    at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it became so, by the router''s time',
    presence    LowCardinality(String) COMMENT 'available, away, not_responding, signed_out',
    teams       Array(LowCardinality(String)) COMMENT 'whose cases the rep takes',
    capacity    UInt64 COMMENT 'most at once, offers included',
    taken       UInt64 COMMENT 'of the capacity, at that moment',
    ver         UInt64 COMMENT 'append time of the record, ms',
    _topic      LowCardinality(String) COMMENT 'topic of the record that the row was made of',
    _partition  UInt32 COMMENT 'its partition',
    _offset     UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'its offset',
    inserted_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'by the sink, never by the server',
    INDEX ix_inserted inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}(ver)
PARTITION BY toYYYYMM(at)
ORDER BY (workspace, rep_id, at)
SETTINGS {windows};

-- cluster only
CREATE TABLE IF NOT EXISTS {database}.rep_presence {on_cluster} AS {database}.rep_presence_local
ENGINE = Distributed('{cluster}', {database}, rep_presence_local, cityHash64(rep_id));

-- Hours of a queue: how many of its minutes were told, and how it stood in them.
CREATE OR REPLACE VIEW {database}.queues_by_hour {on_cluster} AS
SELECT
    workspace,
    queue,
    toStartOfHour(at) AS hour,
    count() AS minutes,
    avg(waiting) AS mean_waiting,
    max(waiting) AS most_waiting,
    max(oldest_s) AS longest_wait_s,
    avg(present) AS mean_present,
    avg(occupancy) AS mean_occupancy,
    max(due_soon) AS most_due_soon,
    max(breached) AS most_breached
FROM {database}.queue_gauges FINAL
GROUP BY workspace, queue, hour;

-- Spans of a rep's presence, for supervisors: until is NULL while a span lasts. A span that was told again is two.
CREATE OR REPLACE VIEW {database}.presence_spans {on_cluster} AS
SELECT
    workspace,
    rep_id,
    presence,
    teams,
    at AS since,
    leadInFrame(toNullable(at)) OVER (
        PARTITION BY workspace, rep_id ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS until,
    dateDiff('millisecond', since, until) / 1000 AS seconds
FROM {database}.rep_presence FINAL;
