"""What a model is judged with: measures of its answers on labelled posts, and their report."""
