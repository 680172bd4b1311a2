-- One row a state of an offer: who got which case, when and why. The context posts are named, not repeated: their
-- words are in `posts`, where an erasure or a deletion reaches them.

CREATE TABLE IF NOT EXISTS {database}.assignments{local} {on_cluster} (
    workspace          LowCardinality(String),
    case_id            String CODEC(ZSTD(1)),
    attempt            UInt64,
    state              LowCardinality(String),
    assignment_id      String CODEC(ZSTD(1)),
    reason             LowCardinality(String),
    rep_id             LowCardinality(String),
    queue              LowCardinality(String),
    team               LowCardinality(String),
    platform           LowCardinality(String),
    author_id          String CODEC(ZSTD(1)),
    post_ids           Array(String) CODEC(ZSTD(1)),
    posts_total        UInt64,
    sentiment          Enum8('negative' = -1, 'neutral' = 0, 'positive' = 1, 'unread' = 2),
    influence          Float32,
    priority           Float32,
    action             Enum8('none' = 0, 'thank' = 1, 'engage' = 2, 'respond' = 3),
    channel            Enum8('public' = 0, 'direct' = 1),
    reason_codes       Array(LowCardinality(String)),
    reason_weights     Array(Float32),
    eligible           UInt64,
    present            UInt64,
    excluded           Map(LowCardinality(String), UInt64),
    queued_at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decided_at         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    expires_at         Nullable(DateTime64(3, 'UTC')),
    respond_by         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    trace_started_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    waited_ms          Int64 COMMENT 'queued to decided',
    since_received_ms  Int64 COMMENT 'raw record appended to assignment appended, machine time',
    policy_version     UInt64,
    cause_topic        LowCardinality(String),
    cause_partition    UInt32,
    cause_offset       UInt64,
    ver                UInt64 COMMENT 'append time of the record, ms',
    _topic             LowCardinality(String),
    _partition         UInt32,
    _offset            UInt64 CODEC(Delta, ZSTD(1)),
    inserted_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    INDEX ix_rep rep_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ix_inserted inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = {engine_replacing}(ver)
PARTITION BY toYYYYMM(decided_at)
ORDER BY (workspace, case_id, attempt, state)
SETTINGS {windows};

-- cluster only
CREATE TABLE IF NOT EXISTS {database}.assignments {on_cluster} AS {database}.assignments_local
ENGINE = Distributed('{cluster}', {database}, assignments_local, cityHash64(case_id));
