"""8. What people must be told at once."""
