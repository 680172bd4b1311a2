"""Makes links to customers of the rows of a company's list."""
