-- Valid posts that were not stored, so that the audit can account for them.

CREATE TABLE IF NOT EXISTS {database}.refused_posts{local} {on_cluster} (
    workspace    LowCardinality(String),
    post_id      String CODEC(ZSTD(1)),
    revision     UInt32,
    reason       LowCardinality(String) COMMENT 'ttl: older than EARSHOT_SINK__TTL_DAYS at receipt',
    created_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ver          UInt64,
    _topic       LowCardinality(String),
    _partition   UInt32,
    _offset      UInt64,
    inserted_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = {engine_replacing}(ver)
ORDER BY (workspace, post_id, revision, reason)
SETTINGS {windows};

-- cluster only
CREATE TABLE IF NOT EXISTS {database}.refused_posts {on_cluster} AS {database}.refused_posts_local
ENGINE = Distributed('{cluster}', {database}, refused_posts_local, cityHash64(post_id));
