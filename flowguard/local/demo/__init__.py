"""The proof on one machine: wait until everything has arrived, and hold the tables against what was sent."""
