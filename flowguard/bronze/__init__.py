"""4. Bytes become rows: every record is a Bronze row or a quarantine entry that names the rule."""
