"""Measures rates, latencies and costs of the running enrich stage."""
