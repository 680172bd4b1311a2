"""The demo: the whole loop on the embedded stack."""
