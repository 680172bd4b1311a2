"""Which waiting case goes to which free rep, and the words that say why."""
