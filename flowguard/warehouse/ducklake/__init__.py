"""The embedded warehouse: DuckLake, with a SQLite catalog and Parquet files under the home."""
