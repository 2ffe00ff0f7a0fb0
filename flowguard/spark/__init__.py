"""Rebuilds of many days on Spark: the models' own SQL, from Parquet files to Parquet files."""
