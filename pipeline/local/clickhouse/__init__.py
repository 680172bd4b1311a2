"""The embedded ClickHouse: the real engine (chdb) behind its HTTP interface, as a process of its own."""
