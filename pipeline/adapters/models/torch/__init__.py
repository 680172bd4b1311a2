"""The text model on torch (extra `torch`)."""
