"""Starts, watches, restarts and ends the workers of this machine, and tells how they are doing."""
