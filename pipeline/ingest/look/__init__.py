"""Finds out what an export is before the first post is sent: how it is packed, written and laid out."""
