"""Joins stages, adapters and settings. No other package knows all three.

A module of `app/stages` has `run(settings)`, which blocks until SIGTERM or SIGINT and raises an `EarshotError`
whose `exit_code` ends the process.
"""
