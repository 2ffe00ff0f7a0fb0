"""What a laptop runs instead of servers: an embedded broker, simulated shoppers, supervised processes."""
