"""Each module joins one stage with its machines and runs it."""
