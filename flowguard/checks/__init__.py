"""What must hold for the tables. A check is a SQL query that returns the rows that fail it."""
