"""Serves what a running stage shows over HTTP."""
