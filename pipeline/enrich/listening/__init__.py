"""Whole words of any script found at flat cost: listening topics and the keywords of rules."""
