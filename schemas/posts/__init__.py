"""Posts as connectors publish them, and with the signals that enrich adds."""
