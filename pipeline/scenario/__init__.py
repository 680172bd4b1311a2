"""Believable traffic of one brand, and a simulated desk whose reps answer it."""
