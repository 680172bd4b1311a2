"""Which inputs were handled, so that a repeat of one changes nothing."""
