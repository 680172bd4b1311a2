"""Follows every id from the ingest manifest through each topic to ClickHouse."""
