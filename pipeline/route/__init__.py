"""Route: which rep gets which case, when, and why.

Comes in: actionable posts and rep events of one partition number. Goes out: assignments, case events, the state
of each open case. Never here: the time, chance, I/O; all of that belongs to the loop that drives `router.Router`.
"""
