"""Whether the writer of a post needs somebody within the hour."""
