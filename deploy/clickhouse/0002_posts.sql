-- One row a post, counted once under FINAL: a redelivery has the same sorting key and `ver`, an edit or a deletion
-- the same key and a higher `ver`. Sorting key and partition are made of attributes that never change: created_at is
-- the platform's creation time of the post, equal in all its revisions and in its deletion.
-- Nullable only where "not known" must not be averaged as 0; absent text and ids are ''.
-- No TTL here: `earshot migrate` sets one when EARSHOT_SINK__TTL_DAYS is set.

CREATE TABLE IF NOT EXISTS {database}.posts{local} {on_cluster} (
    workspace            LowCardinality(String),
    created_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'by the platform, immutable',
    platform             LowCardinality(String),
    post_id              String CODEC(ZSTD(1)),
    revision             UInt32,
    author_id            String CODEC(ZSTD(1)),
    author_handle        String CODEC(ZSTD(1)),
    author_name          String CODEC(ZSTD(1)),
    author_followers     Nullable(UInt64) CODEC(ZSTD(1)),
    author_following     Nullable(UInt64) CODEC(ZSTD(1)),
    author_verified      Nullable(Bool),
    author_created_at    Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    text                 String CODEC(ZSTD(3)) COMMENT 'masked; empty when the post is deleted',
    title                String CODEC(ZSTD(3)),
    rating               Nullable(Float32),
    place                String CODEC(ZSTD(1)),
    visibility           Enum8('public' = 0, 'direct' = 1),
    in_reply_to          String CODEC(ZSTD(1)),
    repost_of            String CODEC(ZSTD(1)),
    quote_of             String CODEC(ZSTD(1)),
    conversation_id      String CODEC(ZSTD(1)),
    url                  String CODEC(ZSTD(1)),
    lang                 LowCardinality(String) COMMENT 'as the platform states',
    likes                Nullable(UInt64) CODEC(ZSTD(1)),
    reposts              Nullable(UInt64) CODEC(ZSTD(1)),
    replies              Nullable(UInt64) CODEC(ZSTD(1)),
    views                Nullable(UInt64) CODEC(ZSTD(1)),
    received_at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    backfill             Bool,
    own                  Bool COMMENT 'written by one of the brand''s own handles',
    sentiment            Enum8('negative' = -1, 'neutral' = 0, 'positive' = 1, 'unread' = 2) COMMENT 'unread: nothing to read',
    p_negative           Nullable(Float32),
    p_neutral            Nullable(Float32),
    p_positive           Nullable(Float32),
    sentiment_model      LowCardinality(String),
    influence            Float32 COMMENT '0..100, 20 points = ten times the engagement',
    influence_confidence Float32,
    influence_lower      Float32,
    influence_percentile Nullable(Float32),
    action               Enum8('none' = 0, 'thank' = 1, 'engage' = 2, 'respond' = 3),
    queue                LowCardinality(String),
    skills               Array(LowCardinality(String)),
    priority             Float32 COMMENT '0..100, higher first',
    reason_codes         Array(LowCardinality(String)) COMMENT 'why, heaviest first',
    reason_weights       Array(Float32),
    policy_version       UInt64,
    raw_topic            LowCardinality(String) COMMENT 'raw record that the row was made from',
    raw_partition        UInt32,
    raw_offset           UInt64 CODEC(Delta, ZSTD(1)),
    appended_at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'append time of the raw record',
    scored_at            DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'append time of the scored record',
    ver                  UInt64 COMMENT 'revision << 42 | append time of the raw record, ms',
    is_deleted           UInt8,
    _topic               LowCardinality(String),
    _partition           UInt32,
    _offset              UInt64 CODEC(Delta, ZSTD(1)),
    inserted_at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'by the sink, never by the server',
    INDEX ix_post post_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_inserted inserted_at TYPE minmax GRANULARITY 1,
    INDEX ix_author author_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ix_text text TYPE text(tokenizer = splitByNonAlpha, preprocessor = lower(text))
)
ENGINE = {engine_replacing}(ver, is_deleted)
PARTITION BY toYYYYMM(created_at)
ORDER BY (workspace, toStartOfHour(created_at), platform, post_id)
SETTINGS {windows};

-- cluster only
CREATE TABLE IF NOT EXISTS {database}.posts {on_cluster} AS {database}.posts_local
ENGINE = Distributed('{cluster}', {database}, posts_local, cityHash64(post_id));
