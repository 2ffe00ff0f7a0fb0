"""The thin Dagster layer: it names assets, decides when work is done, and reports. The work is done elsewhere."""
