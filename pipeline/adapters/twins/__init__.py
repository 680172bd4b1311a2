"""In-memory twins of the ports, for tests and for runs without services."""
