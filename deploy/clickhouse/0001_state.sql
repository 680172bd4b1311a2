-- The database and what is known about migrations. The runner reads this table and writes one row a step forward;
-- the row with the highest `ver` of a version counts.
-- Templates: {name} is replaced by pipeline/adapters/migrate.py for one node or a cluster; a statement ends with ";".

CREATE DATABASE IF NOT EXISTS {database} {on_cluster};

CREATE TABLE IF NOT EXISTS {database}.schema_migrations {on_cluster} (
    version     UInt32,
    name        String,
    checksum    String COMMENT 'sha256 of the template as applied',
    state       LowCardinality(String) COMMENT 'started, completed',
    at          DateTime64(3, 'UTC'),
    ver         UInt64
)
ENGINE = {engine_replacing}({state_path}ver)
ORDER BY version
SETTINGS {windows};
