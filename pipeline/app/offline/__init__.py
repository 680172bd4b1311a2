"""Runs without a stream. A file is scored, a post revealed, or a policy tried."""
