"""Gauges for supervisors, which are read off the state beside the decisions and are no part of them."""
