"""The policy of a workspace."""
