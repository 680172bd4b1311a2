"""Lets an operator list dead letters, look at one, and send them back."""
