"""Holds forms and patterns of a text that several signals share."""
