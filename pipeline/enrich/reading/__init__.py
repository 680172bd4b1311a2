"""What the model and the language detector read in a post."""
