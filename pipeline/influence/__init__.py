"""How far an author's voice carries, by what happened to the author's posts.

An `Engagement` changes the row of its target (`history.apply`), and a row with a profile gives an `Influence` at
any time (`estimate.influence_of`). `observed.engagements_of` finds the engagement that a post itself shows.
`agent.py` keeps the rows in a table. Everything else here is pure, without Kafka, Faust and the machine's clock.
"""
