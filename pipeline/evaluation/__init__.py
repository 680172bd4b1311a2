"""Judges a model: it measures the model's answers on labelled posts and reports the measures."""
