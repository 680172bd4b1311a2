"""The texts of the invented brand, as grammars."""
