"""Cases, assignments and the journal, which the router publishes."""
