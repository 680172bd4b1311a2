"""The policy of a workspace, and whether its parts agree."""
