"""What a policy limits: how long nobody may write, when a queue offers its cases, and how many may wait in it."""
