"""Twins stand in for the ports' machines in memory, for tests and for runs without services."""
