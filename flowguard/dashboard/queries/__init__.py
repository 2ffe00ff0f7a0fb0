"""What the pages ask of GOLD, ``ops`` and ``silver.attributed_orders``: sums of the chosen days, few rows."""
