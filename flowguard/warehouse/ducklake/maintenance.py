"""Keeping the lake fast: small files are merged, deleted rows written out, what nothing refers to removed.

A reader may go on for `KEPT_FOR` with what it began with. With a catalog in SQLite, DuckLake compares times as texts
that are written differently ("2026-01-31 10:00" in the rows, "2026-01-31T09:50" in ``older_than``), so that everything
of the same day counted as old, and files went while they were read: here snapshots are named one by one, and the times
of files are brought into the form that they are compared with.
"""

from collections.abc import Callable

import duckdb

from flowguard.warehouse.ducklake.connection import CATALOG, LAKE

KEPT_FOR = "10 minutes"
"""How long a snapshot can be read after the next one, and a file after the last snapshot that refers to it."""
_EXPIRED = f"""
SELECT snapshot_id FROM ducklake_snapshots('{LAKE}')
QUALIFY LEAD(snapshot_time) OVER (ORDER BY snapshot_id) < now() - INTERVAL '{KEPT_FOR}'
"""


def _expire(connection: duckdb.DuckDBPyConnection) -> None:
    expired = [snapshot for (snapshot,) in connection.execute(_EXPIRED).fetchall()]
    if expired:
        connection.execute(f"CALL ducklake_expire_snapshots('{LAKE}', versions => {expired})")


def _remove(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"UPDATE {CATALOG}.ducklake_files_scheduled_for_deletion "
        "SET schedule_start = REPLACE(schedule_start, ' ', 'T') WHERE schedule_start LIKE '% %'"
    )
    connection.execute(f"CALL ducklake_cleanup_old_files('{LAKE}', older_than => now() - INTERVAL '{KEPT_FOR}')")


def _merge(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CALL ducklake_merge_adjacent_files('{LAKE}')")


def _rewrite(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CALL ducklake_rewrite_data_files('{LAKE}', delete_threshold => 0.02)")


STEPS: tuple[tuple[str, Callable[[duckdb.DuckDBPyConnection], None]], ...] = (
    ("merge small files", _merge),
    ("rewrite files with deleted rows", _rewrite),
    ("merge rewritten files", _merge),
    ("expire old snapshots", _expire),
    ("remove files that no snapshot refers to", _remove),
)
