"""The composition root: the only place that joins stages, adapters and settings.

One module a stage, each with `run(settings)`: it blocks until SIGTERM or SIGINT and raises an `EarshotError`
whose `exit_code` ends the process.
"""
