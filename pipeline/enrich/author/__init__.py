"""Says who wrote a post: the brand itself, a spammer, or somebody whose voice carries."""
