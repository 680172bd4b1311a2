"""Recognises copies, near-copies and reposts of a text by its content. `clusters.py` is the entrance."""
