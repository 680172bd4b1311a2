"""What a running stage serves over HTTP, and the calm of its log."""
