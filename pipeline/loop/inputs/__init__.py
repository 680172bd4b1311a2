"""What was read of the inputs of one partition number and is not decided yet, and what may still be unread."""
