"""The seams between the pure parts and the machines. A port says what a stage needs and never how it is done.

Each protocol has a real adapter and an in-memory twin in `pipeline/adapters/`, and one test suite in
`tests/ports/` that both must pass.
"""
