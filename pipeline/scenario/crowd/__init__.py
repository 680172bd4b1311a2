"""Makes the people of the invented brand post: who writes what, when, and what follows."""
