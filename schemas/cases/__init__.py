"""Cases, assignments and the router's journal."""
