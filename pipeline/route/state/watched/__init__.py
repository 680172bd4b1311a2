"""What is counted and noticed for supervisors while the state changes. No decision depends on it."""
