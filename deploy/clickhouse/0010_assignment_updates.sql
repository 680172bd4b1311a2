-- An offer can be told again in the same state, with what is new: `update` counts these records, and joins the sorting
-- key, so that FINAL keeps each of them. A column may enter the key only in the statement that creates it, and without
-- a default of its own; rows that are there read 0, which is what they are.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.assignments{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS `update` UInt32 COMMENT '0, then one more each time the same state is told again' AFTER state,
    MODIFY ORDER BY (workspace, case_id, attempt, state, `update`);

-- cluster only
ALTER TABLE {database}.assignments {on_cluster}
    ADD COLUMN IF NOT EXISTS `update` UInt32 COMMENT '0, then one more each time the same state is told again' AFTER state;
