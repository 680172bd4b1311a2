"""Topics to ClickHouse rows: converted by pure functions, inserted in batches, committed after the insert."""
