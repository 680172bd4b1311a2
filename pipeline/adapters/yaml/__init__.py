"""Reads and writes files in YAML."""
