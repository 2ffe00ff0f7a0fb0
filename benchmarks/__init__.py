"""``make bench NAME=…``: each measures FlowGuard and its ceiling in the same run and prints the ratio."""
