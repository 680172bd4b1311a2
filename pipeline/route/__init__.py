"""`posts.actionable` and `reps.events` to assignments: which person answers which case, exactly once."""
