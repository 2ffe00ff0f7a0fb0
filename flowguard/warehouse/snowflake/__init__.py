"""The warehouse of production: Snowflake, with a stage for files and the models pushed down."""
