-- Words of the contract as words. An Enum8 column has no room for a word that a newer release adds, and the client
-- stores such a one as the word of number 0: an unlisted post would read as public, an unknown action as none.
-- Rows that are there keep their words. None of these columns is in a sorting key.
-- rating becomes as exact as it was given: as Float32, 4.2 was 4.19999980926514 and equal to no 4.2. The second
-- statement gives stored ratings their digits back; it runs in the background and may be repeated.
-- The local table comes first: a Distributed table must never name a type that its shards lack.

ALTER TABLE {database}.posts{local} {on_cluster}
    MODIFY COLUMN visibility LowCardinality(String),
    MODIFY COLUMN sentiment LowCardinality(String),
    MODIFY COLUMN action LowCardinality(String),
    MODIFY COLUMN rating Nullable(Float64);

ALTER TABLE {database}.posts{local} {on_cluster}
    UPDATE rating = toFloat64(toString(toFloat32(rating))) WHERE rating IS NOT NULL;

ALTER TABLE {database}.assignments{local} {on_cluster}
    MODIFY COLUMN sentiment LowCardinality(String),
    MODIFY COLUMN action LowCardinality(String),
    MODIFY COLUMN channel LowCardinality(String);

-- cluster only
ALTER TABLE {database}.posts {on_cluster}
    MODIFY COLUMN visibility LowCardinality(String),
    MODIFY COLUMN sentiment LowCardinality(String),
    MODIFY COLUMN action LowCardinality(String),
    MODIFY COLUMN rating Nullable(Float64);

-- cluster only
ALTER TABLE {database}.assignments {on_cluster}
    MODIFY COLUMN sentiment LowCardinality(String),
    MODIFY COLUMN action LowCardinality(String),
    MODIFY COLUMN channel LowCardinality(String);
