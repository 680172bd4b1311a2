"""The manifest of an ingest run: what Kafka has confirmed."""
