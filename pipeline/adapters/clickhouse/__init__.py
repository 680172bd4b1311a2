"""Writes rows to ClickHouse, asks it questions, migrates its tables and limits how long they keep posts."""
