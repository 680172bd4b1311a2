-- Who is behind the handle. Nobody is linked in all rows that were written before.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.posts{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS customer_id String CODEC(ZSTD(1)) COMMENT 'who is behind the handle; empty: nobody is linked' AFTER influence_percentile,
    ADD COLUMN IF NOT EXISTS customer_kind LowCardinality(String) COMMENT 'customer, prospect, lead; empty: nobody is linked' AFTER customer_id,
    ADD COLUMN IF NOT EXISTS customer_value Nullable(Float32) COMMENT 'what they are worth; NULL: not known' AFTER customer_kind,
    ADD COLUMN IF NOT EXISTS customer_tier LowCardinality(String) COMMENT 'name that the company has for that value' AFTER customer_value,
    ADD COLUMN IF NOT EXISTS customer_segment LowCardinality(String) COMMENT 'group of customers that they belong to' AFTER customer_tier,
    ADD COLUMN IF NOT EXISTS customer_confidence Nullable(Float32) COMMENT 'that the handle is really theirs' AFTER customer_segment,
    ADD COLUMN IF NOT EXISTS customer_source LowCardinality(String) COMMENT 'how the company knows that' AFTER customer_confidence;

-- cluster only
ALTER TABLE {database}.posts {on_cluster}
    ADD COLUMN IF NOT EXISTS customer_id String CODEC(ZSTD(1)) COMMENT 'who is behind the handle; empty: nobody is linked' AFTER influence_percentile,
    ADD COLUMN IF NOT EXISTS customer_kind LowCardinality(String) COMMENT 'customer, prospect, lead; empty: nobody is linked' AFTER customer_id,
    ADD COLUMN IF NOT EXISTS customer_value Nullable(Float32) COMMENT 'what they are worth; NULL: not known' AFTER customer_kind,
    ADD COLUMN IF NOT EXISTS customer_tier LowCardinality(String) COMMENT 'name that the company has for that value' AFTER customer_value,
    ADD COLUMN IF NOT EXISTS customer_segment LowCardinality(String) COMMENT 'group of customers that they belong to' AFTER customer_tier,
    ADD COLUMN IF NOT EXISTS customer_confidence Nullable(Float32) COMMENT 'that the handle is really theirs' AFTER customer_segment,
    ADD COLUMN IF NOT EXISTS customer_source LowCardinality(String) COMMENT 'how the company knows that' AFTER customer_confidence;
