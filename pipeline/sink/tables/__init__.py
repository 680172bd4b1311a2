"""The rows of each ClickHouse table."""
