"""Opening hours in time zones, and the clocks of a case that run by them."""
