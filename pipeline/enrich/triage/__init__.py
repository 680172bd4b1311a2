"""Triage decides what should be done about a post, by whom, and how soon."""
