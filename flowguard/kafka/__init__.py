"""3. Transport: exact offset ranges are planned, read and accounted for."""
