"""What runs without a stream: scoring a file, revealing a post, trying a policy."""
