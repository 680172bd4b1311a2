"""Fine-tunes and exports the model that ships in `weights/` (extra `torch`)."""
