"""Loads a company's list of customers."""
