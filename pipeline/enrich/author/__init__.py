"""Who wrote a post: the brand itself, a spammer, somebody whose voice carries."""
