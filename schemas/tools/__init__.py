"""What is derived from the contract: JSON Schema, AsyncAPI, and the check that changes only add."""
