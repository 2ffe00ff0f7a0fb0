"""8. What people must be told at once: an alert, and the hook by which it leaves."""
