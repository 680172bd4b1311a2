"""Reads labelled posts and deals them out."""
