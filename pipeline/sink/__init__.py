"""Stores topics in ClickHouse: pure functions make rows, batches insert them, and commits follow the insert."""
