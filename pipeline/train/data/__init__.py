"""Labelled posts, and how they are dealt out."""
