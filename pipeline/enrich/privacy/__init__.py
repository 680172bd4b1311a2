"""Personal data: found and masked; the only door from `posts.raw` to everything after it. It is `mask.py`."""
