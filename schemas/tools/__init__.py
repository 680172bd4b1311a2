"""What is derived from the contract: JSON Schema, AsyncAPI, the check of compatibility."""
