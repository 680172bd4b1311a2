"""Holds what commands print or write, and where it goes. No verb stands here."""
