"""5. Clean rows: each event once, by the earliest arrival."""
