-- What is pressing, the tags that rules add, and who pulled a post that they had left alone. pressing is Null where the
-- model does not answer, and in all rows that were written before.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.posts{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS pressing Nullable(Float32) COMMENT 'probability that somebody must act within the hour' AFTER complaint,
    ADD COLUMN IF NOT EXISTS tags Array(LowCardinality(String)) COMMENT 'that rules added' AFTER skills,
    ADD COLUMN IF NOT EXISTS pulled_by LowCardinality(String) COMMENT 'who pulled it; empty when the rules decided' AFTER policy_version,
    ADD COLUMN IF NOT EXISTS pull_id String COMMENT 'of the pull; empty without' CODEC(ZSTD(1)) AFTER pulled_by;

-- cluster only
ALTER TABLE {database}.posts {on_cluster}
    ADD COLUMN IF NOT EXISTS pressing Nullable(Float32) COMMENT 'probability that somebody must act within the hour' AFTER complaint,
    ADD COLUMN IF NOT EXISTS tags Array(LowCardinality(String)) COMMENT 'that rules added' AFTER skills,
    ADD COLUMN IF NOT EXISTS pulled_by LowCardinality(String) COMMENT 'who pulled it; empty when the rules decided' AFTER policy_version,
    ADD COLUMN IF NOT EXISTS pull_id String COMMENT 'of the pull; empty without' AFTER pulled_by;
