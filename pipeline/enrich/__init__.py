"""`posts.raw` to `posts.scored`: what a post says, who wrote it, and what should be done about it."""
