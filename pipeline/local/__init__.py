"""Runs a real Kafka and a ClickHouse-protocol server from parts that pip installs."""
