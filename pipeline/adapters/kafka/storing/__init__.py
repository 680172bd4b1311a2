"""The batch loop: rows count once, whatever dies."""
