"""Makes the texts of the invented brand from a grammar for each language."""
