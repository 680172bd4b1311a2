"""What the router remembers, and what can be looked up in it."""
