"""Dead letters for an operator: which there are, what one looks like, and sending them back."""
