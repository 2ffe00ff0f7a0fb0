"""Attaching the lake."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources

import duckdb

from flowguard.settings import Settings

LAKE = "lake"
CATALOG = f"__ducklake_metadata_{LAKE}"
"""Where DuckLake keeps what it knows of the tables."""
Limits = dict[str, str | int | float | list[str]]
SMALL_STEPS: Limits = {"threads": 1, "memory_limit": "256MB"}
"""Small statements are most of the work, and a second thread makes them dearer; while one chunk is committed, the next
is decoded on another core anyway."""
FULL_STRENGTH: Limits = {"threads": max(2, os.cpu_count() or 1), "memory_limit": "1GB"}
"""For rebuilds of many days."""
_EXTENSIONS = ("ducklake", "sqlite_scanner")


def connect(settings: Settings, limits: Limits, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached as its default catalog."""
    folder = settings.home / "warehouse"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            **limits,
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
    )
    for name in _EXTENSIONS:
        connection.execute(f"LOAD '{_extension_file(name)}'")
    options = "READ_ONLY, " if read_only else ""
    connection.execute(
        f"ATTACH 'ducklake:sqlite:{folder / 'catalog.sqlite'}' AS {LAKE} ({options}DATA_PATH '{folder / 'data'}/', "
        "META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 5000)"
    )
    connection.execute(f"USE {LAKE}")
    return connection


@contextmanager
def atomically(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction, whose reads are of one snapshot and whose changes are made as a whole or not at all."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        with suppress(duckdb.TransactionException):  # a failed COMMIT has already ended it
            connection.rollback()
        raise


def _extension_file(name: str) -> str:
    """The extension inside its wheel: loading it from there neither copies nor downloads."""
    package = resources.files(f"duckdb_extension_{name}")
    return str(package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension")
