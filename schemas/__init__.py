"""The contract: every message on every topic, as frozen pydantic models with a limit on each field.

Comes in: nothing but pydantic and the standard library. Goes out: models, `topics.TOPICS`, and the files
under `json/` and `asyncapi.yaml` that are exported from them. Never here: I/O, settings, logic of a stage.
"""
