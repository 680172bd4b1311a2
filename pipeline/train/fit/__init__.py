"""Fine-tuning the net (extra `torch`)."""
