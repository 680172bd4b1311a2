"""Runs the real ClickHouse engine (chdb) behind its HTTP interface, as a process of its own."""
