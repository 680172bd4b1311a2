"""Tells how urgent and how heated the words of a text are."""
