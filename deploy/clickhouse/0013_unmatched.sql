-- Cases that nobody at work could take. 0 in all rows that were written before.
-- The local table comes first: a Distributed table must never name a column that its shards lack.

ALTER TABLE {database}.queue_gauges{local} {on_cluster}
    ADD COLUMN IF NOT EXISTS unmatched UInt64 COMMENT 'of those that waited, that no rep at work could take, however free' CODEC(T64, ZSTD(1)) AFTER expected_wait_s;

-- cluster only
ALTER TABLE {database}.queue_gauges {on_cluster}
    ADD COLUMN IF NOT EXISTS unmatched UInt64 COMMENT 'of those that waited, that no rep at work could take, however free' AFTER expected_wait_s;

CREATE OR REPLACE VIEW {database}.queues_by_hour {on_cluster} AS
SELECT
    workspace,
    queue,
    toStartOfHour(at) AS hour,
    count() AS minutes,
    avg(waiting) AS mean_waiting,
    max(waiting) AS most_waiting,
    max(unmatched) AS most_unmatched,
    max(oldest_s) AS longest_wait_s,
    avg(present) AS mean_present,
    avg(occupancy) AS mean_occupancy,
    max(due_soon) AS most_due_soon,
    max(breached) AS most_breached
FROM {database}.queue_gauges FINAL
GROUP BY workspace, queue, hour;
