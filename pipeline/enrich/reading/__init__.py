"""Here the model and the language detector read a post."""
