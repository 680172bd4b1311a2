"""Mentions to trend points and alerts. Its room is ready; its contents come with the analytics release."""
