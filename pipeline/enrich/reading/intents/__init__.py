"""What the writer of a post wants."""
