"""Keeps the manifest of an ingest run, which says what Kafka has confirmed."""
