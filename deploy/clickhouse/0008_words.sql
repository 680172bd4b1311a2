-- What the words of a post say: topics of the policy, intent, urgency, copies, spam, and which kinds of personal data
-- were masked. Rows that were written before have empty lists and texts, and null where 0 would be an answer.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.posts{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS topics Array(LowCardinality(String)) COMMENT 'listening topics that the post concerns' AFTER language_confidence,
    ADD COLUMN IF NOT EXISTS topic_kinds Array(LowCardinality(String)) COMMENT 'brand, product, competitor, topic: of each' AFTER topics,
    ADD COLUMN IF NOT EXISTS intent LowCardinality(String) COMMENT 'what the writer wants; empty: no text' AFTER topic_kinds,
    ADD COLUMN IF NOT EXISTS intent_confidence Nullable(Float32) AFTER intent,
    ADD COLUMN IF NOT EXISTS urgency Nullable(Float32) COMMENT '0..1, by the words of the text' AFTER intent_confidence,
    ADD COLUMN IF NOT EXISTS urgency_kinds Array(LowCardinality(String)) COMMENT 'the gravest first' AFTER urgency,
    ADD COLUMN IF NOT EXISTS intensity Nullable(Float32) COMMENT '0..1, how heated the text is' AFTER urgency_kinds,
    ADD COLUMN IF NOT EXISTS cluster_id String COMMENT 'same for posts with the same text; its size: count by it' AFTER intensity,
    ADD COLUMN IF NOT EXISTS copy_kind LowCardinality(String) COMMENT 'original, repost, copy, near-copy' AFTER cluster_id,
    ADD COLUMN IF NOT EXISTS spam Nullable(Float32) COMMENT '0..1, heuristic' AFTER copy_kind,
    ADD COLUMN IF NOT EXISTS spam_reasons Array(LowCardinality(String)) AFTER spam,
    ADD COLUMN IF NOT EXISTS pii_kinds Array(LowCardinality(String)) COMMENT 'personal data that was masked, in order' AFTER spam_reasons;

-- cluster only
ALTER TABLE {database}.posts {on_cluster}
    ADD COLUMN IF NOT EXISTS topics Array(LowCardinality(String)) COMMENT 'listening topics that the post concerns' AFTER language_confidence,
    ADD COLUMN IF NOT EXISTS topic_kinds Array(LowCardinality(String)) COMMENT 'brand, product, competitor, topic: of each' AFTER topics,
    ADD COLUMN IF NOT EXISTS intent LowCardinality(String) COMMENT 'what the writer wants; empty: no text' AFTER topic_kinds,
    ADD COLUMN IF NOT EXISTS intent_confidence Nullable(Float32) AFTER intent,
    ADD COLUMN IF NOT EXISTS urgency Nullable(Float32) COMMENT '0..1, by the words of the text' AFTER intent_confidence,
    ADD COLUMN IF NOT EXISTS urgency_kinds Array(LowCardinality(String)) COMMENT 'the gravest first' AFTER urgency,
    ADD COLUMN IF NOT EXISTS intensity Nullable(Float32) COMMENT '0..1, how heated the text is' AFTER urgency_kinds,
    ADD COLUMN IF NOT EXISTS cluster_id String COMMENT 'same for posts with the same text; its size: count by it' AFTER intensity,
    ADD COLUMN IF NOT EXISTS copy_kind LowCardinality(String) COMMENT 'original, repost, copy, near-copy' AFTER cluster_id,
    ADD COLUMN IF NOT EXISTS spam Nullable(Float32) COMMENT '0..1, heuristic' AFTER copy_kind,
    ADD COLUMN IF NOT EXISTS spam_reasons Array(LowCardinality(String)) AFTER spam,
    ADD COLUMN IF NOT EXISTS pii_kinds Array(LowCardinality(String)) COMMENT 'personal data that was masked, in order' AFTER spam_reasons;
