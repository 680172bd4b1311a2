"""In which order reps are asked, and how many offers each of them gets."""
