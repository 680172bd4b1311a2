"""Measures rates of the model's engine beside the usual ways to run it."""
