"""Earshot: posts in, cases for people and trends for analysts out. Data flows one way:

ingest  sources           -> posts.raw
enrich  posts.raw         -> posts.scored, posts.actionable, mentions   (Faust: batches through the transformer)
route   posts.actionable  -> assignments, cases.events, cases.current   (Kafka transactions, with reps.events)
trends  (a later release) -> (what builds up, and alerts)
sink    posts.scored, cases.events, assignments -> ClickHouse

Pure logic lives in the stages, machines in `adapters`; `app.py` is the only place that knows both.
"""
