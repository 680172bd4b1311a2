"""Kafka through librdkafka: topics, records, groups, and what every client shares."""
