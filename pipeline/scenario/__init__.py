"""Generates believable traffic of one brand, and simulates a desk whose reps answer it."""
