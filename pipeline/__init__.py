"""Earshot turns posts into cases for people and into trends for analysts. Data flows one way:

ingest  sources           -> posts.raw, engagements
enrich  posts.raw         -> posts.scored, posts.actionable, mentions   (Faust; with engagements, some of its own)
route   posts.actionable  -> assignments, cases.events, cases.current   (with reps.events, route.signals)
trends  (a later release) -> (what builds up, and alerts)
sink    posts.scored, cases.events, assignments, route.gauges -> ClickHouse

`stages.py` is the table of these stages. Each has a folder of pure logic, `adapters` holds the machines, and only
`app` joins the two. `cli` has one file for each verb of the command line.
"""
