"""What the table of authors costs, beside a bare Faust agent that writes rows of the same size."""
