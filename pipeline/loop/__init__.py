"""The pure part of a transactional stage's loop: no Kafka, no clock of its own."""
