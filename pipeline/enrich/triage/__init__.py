"""What should be done about a post, by whom, and how urgently."""
