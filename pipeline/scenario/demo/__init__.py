"""Plays the demo, which is the whole loop on the embedded stack."""
