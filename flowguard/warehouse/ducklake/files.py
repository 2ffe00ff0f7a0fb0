"""The lake's Parquet files for another engine, and that engine's files for the lake."""

import errno
import os
import re
import shutil
from collections.abc import Collection
from datetime import date
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow.parquet as parquet

from flowguard.models.table import Table
from flowguard.warehouse.base import DataFile
from flowguard.warehouse.ducklake.connection import LAKE
from flowguard.warehouse.parquet import batches

_FILES = """
SELECT data_file, delete_file FROM ducklake_list_files('{lake}', '{table.name}', schema => '{table.schema}')
"""


def at_hand(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> tuple[DataFile, ...]:
    """The files of a table in the newest snapshot, under names of their own: those that the lake gives them go away
    when it is compacted."""
    listed = connection.execute(_FILES.format(lake=LAKE, table=table)).fetchall()
    return tuple(
        DataFile(
            _another_name(data, folder / Path(data).name),
            deletes and _another_name(deletes, folder / Path(deletes).name),
            _day_of(table, data),
        )
        for data, deletes in listed
    )


def take_in(table: Table, folder: Path, data: Path, days: Collection[date] | None) -> tuple[tuple[str, ...], int]:
    """Files that another engine wrote, put where the table's own are; and how many rows they have."""
    files = sorted(folder.rglob("*.parquet"))
    if not table.partitioned or table.day is None:
        return _joined(table, files, data, days)
    taken = [_placed(file, data / file.parent.name.replace("_day", table.day, 1)) for file in files]
    return tuple(taken), sum(parquet.read_metadata(file).num_rows for file in files)


def _joined(table: Table, files: list[Path], data: Path, days: Collection[date] | None) -> tuple[tuple[str, ...], int]:
    """Small tables are not partitioned, and one file is read faster than one per task."""
    rows = 0
    target = data / f"{uuid4()}.parquet"
    data.mkdir(parents=True, exist_ok=True)
    if not files:
        return (), 0
    with parquet.ParquetWriter(target, parquet.read_schema(files[0]), compression="zstd") as writer:
        for batch in batches(table, files, days):
            writer.write_batch(batch)
            rows += batch.num_rows
    return ((str(target),), rows) if rows else ((), 0)


def _placed(file: Path, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return _another_name(str(file), folder / f"{uuid4()}.parquet")


def _another_name(file: str, name: Path) -> str:
    """A second name for the same bytes, or a copy where folders are on different disks."""
    try:
        os.link(file, name)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        shutil.copyfile(file, name)
    return str(name)


def _day_of(table: Table, file: str) -> str | None:
    """The value of the partition column where it stands in the folder's name only."""
    if not (table.partitioned and table.day) or table.day in parquet.read_schema(file).names:
        return None
    found = re.search(rf"/{table.day}=(\d{{4}}-\d{{2}}-\d{{2}})/", file)
    return found and found[1]
