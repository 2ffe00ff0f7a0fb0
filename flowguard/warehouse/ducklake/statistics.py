"""What DuckLake is told of tables that never had a row: that their statistics are those of no rows.

It remembers a table's statistics once it has found them in the catalog. A table without any is asked for again by each
statement, column by column: 40 ms for one of 18 columns, 3 ms with them. The first rows are then merged into these.
"""

import duckdb

from flowguard.warehouse.ducklake.connection import CATALOG, atomically

_NEVER_FILLED = f"NOT EXISTS (FROM {CATALOG}.ducklake_table_stats AS stats WHERE stats.table_id = made.table_id)"
_COLUMNS = f"""
INSERT INTO {CATALOG}.ducklake_table_column_stats BY NAME
SELECT table_id, column_id, 0 AS contains_null FROM {CATALOG}.ducklake_column AS made
WHERE end_snapshot IS NULL AND {_NEVER_FILLED}
"""
_TABLES = f"""
INSERT INTO {CATALOG}.ducklake_table_stats BY NAME
SELECT table_id, 0 AS record_count, 0 AS next_row_id, 0 AS file_size_bytes FROM {CATALOG}.ducklake_table AS made
WHERE end_snapshot IS NULL AND {_NEVER_FILLED}
"""


def of_no_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill in the statistics of tables that have none. Once they are there, this changes nothing."""
    with atomically(connection):
        connection.execute(_COLUMNS)
        connection.execute(_TABLES)
