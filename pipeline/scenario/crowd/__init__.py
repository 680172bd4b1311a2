"""The people of the invented brand: who posts, what, when, and what follows."""
