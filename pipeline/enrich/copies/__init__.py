"""Copies, near-copies and reposts of one text, told by content. `clusters.py` is the entrance."""
