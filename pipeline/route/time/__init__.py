"""What happens because time has passed, and not because a record came."""
