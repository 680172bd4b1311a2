"""Makes the folder that ships from a finished run."""
