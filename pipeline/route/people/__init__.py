"""The reps: who is at work."""
