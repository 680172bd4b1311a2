"""Forms of a text that several signals share."""
