"""The embedded stack: a real Kafka and a ClickHouse-protocol server from pip-installed parts."""
