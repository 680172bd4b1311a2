"""Checks an engine against known answers before it serves."""
