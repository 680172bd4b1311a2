"""Kafka for what stands beside the flow, such as the simulated desk and the doctor."""
