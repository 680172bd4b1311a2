-- What the model's further heads say of a post, and in which language it is written. Null where there is no text or
-- the model has no such head, and in all rows that were written before: not known must not be averaged as 0.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.posts{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS offence Nullable(Float32) COMMENT 'probability that the text is offensive' AFTER p_positive,
    ADD COLUMN IF NOT EXISTS complaint Nullable(Float32) COMMENT 'probability that somebody should solve a problem' AFTER offence,
    ADD COLUMN IF NOT EXISTS sentiment_weak Bool COMMENT 'the model was not made for the language' AFTER sentiment_model,
    ADD COLUMN IF NOT EXISTS language LowCardinality(String) COMMENT 'as detected; und: nobody can tell, empty: no text' AFTER lang,
    ADD COLUMN IF NOT EXISTS language_confidence Nullable(Float32) AFTER language;

-- cluster only
ALTER TABLE {database}.posts {on_cluster}
    ADD COLUMN IF NOT EXISTS offence Nullable(Float32) COMMENT 'probability that the text is offensive' AFTER p_positive,
    ADD COLUMN IF NOT EXISTS complaint Nullable(Float32) COMMENT 'probability that somebody should solve a problem' AFTER offence,
    ADD COLUMN IF NOT EXISTS sentiment_weak Bool COMMENT 'the model was not made for the language' AFTER sentiment_model,
    ADD COLUMN IF NOT EXISTS language LowCardinality(String) COMMENT 'as detected; und: nobody can tell, empty: no text' AFTER lang,
    ADD COLUMN IF NOT EXISTS language_confidence Nullable(Float32) AFTER language;
