"""Models of texts: the engines, what they share, and the detector of languages.

A model gives probabilities. Which label a probability earns is decided in `enrich`.
"""
