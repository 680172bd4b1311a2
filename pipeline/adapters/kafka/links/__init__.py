"""Publishes the links to customers, and keeps those that a worker needs."""
