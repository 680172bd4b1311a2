"""Which waiting case goes to which free rep, and why."""
