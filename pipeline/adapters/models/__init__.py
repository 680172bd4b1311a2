"""Models of texts: the engines, what they share, and the detector of languages.

Never here: a label decision.
"""
