"""8. What people must be told: what is wrong, as conditions; alerts, which begin and are over; who was told."""
