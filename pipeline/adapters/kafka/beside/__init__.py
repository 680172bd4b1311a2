"""Kafka for what stands beside the flow: a person's commands, the simulated desk, the demo and the benches."""
