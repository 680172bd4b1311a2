"""Finds and masks personal data. `mask.py` is the only door from `posts.raw` to everything behind it."""
