"""Finds whole words of any script at a flat cost, for listening topics and for the keywords of rules."""
