"""An engine's check of itself against known answers."""
