"""The simulated desk of a contact centre."""
