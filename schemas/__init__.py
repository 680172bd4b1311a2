"""The contract: every message on every topic, as frozen pydantic models with a limit on each field.

It imports nothing but pydantic and the standard library. `topics.TOPICS` lists the topics with their models, and
`earshot schemas` exports the files under `published/` from both. I/O, settings and rules of a stage are elsewhere.
"""
