-- One row a step of a case, counted once under FINAL: event_id is derived from (case_id, seq), and `at` is fixed with
-- it, because the router's transaction writes each event exactly once.

CREATE TABLE IF NOT EXISTS {database}.case_events{local} {on_cluster} (
    workspace        LowCardinality(String),
    case_id          String CODEC(ZSTD(1)),
    event_id         String CODEC(ZSTD(1)),
    seq              UInt64,
    type             LowCardinality(String),
    at               DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    reason           LowCardinality(String),
    post_id          String CODEC(ZSTD(1)),
    revision         Nullable(UInt64),
    rep_id           LowCardinality(String),
    attempt          UInt64 COMMENT '0: not about an offer',
    queue            LowCardinality(String),
    team             LowCardinality(String),
    priority         Nullable(Float32),
    respond_by       Nullable(DateTime64(3, 'UTC')),
    policy_version   UInt64,
    cause_topic      LowCardinality(String) COMMENT 'input record that led to it; empty for a timer',
    cause_partition  UInt32,
    cause_offset     UInt64,
    ver              UInt64 COMMENT 'append time of the record, ms',
    _topic           LowCardinality(String),
    _partition       UInt32,
    _offset          UInt64 CODEC(Delta, ZSTD(1)),
    inserted_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    INDEX ix_post post_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_inserted inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}(ver)
PARTITION BY toYYYYMM(at)
ORDER BY (workspace, case_id, event_id)
SETTINGS {windows};

-- cluster only
CREATE TABLE IF NOT EXISTS {database}.case_events {on_cluster} AS {database}.case_events_local
ENGINE = Distributed('{cluster}', {database}, case_events_local, cityHash64(case_id));
