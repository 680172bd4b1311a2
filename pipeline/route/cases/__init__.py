"""The life of a case: opened, joined, worked on, resolved."""
