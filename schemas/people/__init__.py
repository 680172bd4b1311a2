"""The people of the contact centre."""
