"""The route stage decides which rep gets which case, when, and why.

It takes the actionable posts and rep events of one partition number and gives assignments, case events and the
state of each open case. The loop that drives `router.Router` has the clock and the machines.

The rooms are layers: `state` is what the router remembers, a `turn` on top of it is the handling of one input, and
`cases`, `people`, `matching` and `time` are the rules that a turn goes through.
"""
