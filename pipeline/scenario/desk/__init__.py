"""Simulates the desk of a contact centre."""
