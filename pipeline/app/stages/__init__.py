"""One module a stage: the stage joined with its machines and run."""
