"""Files on the stage: a PUT for each, under a name of its own, outside of the tables until a COPY takes them in.

They lie in a folder for each hour. What a COPY has taken in, and what a killed process has left, stays until the folder
is older than any session lives: a transaction that is rolled back may need its files again, and which those are, only
its session knows. So PURGE is not used, which removes a file before the transaction around its COPY is committed.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
import pyarrow.parquet as parquet

from flowguard.faults import crash_point
from flowguard.warehouse.snowflake.errors import translated
from flowguard.warehouse.snowflake.scratch import LONGEST_SESSION, now

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

STAGE = "ops.landing"
CREATE = f"CREATE STAGE IF NOT EXISTS {STAGE}"
_FORMAT = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE)"


_HOUR = "%Y-%m-%dT%H"
_OF_AN_HOUR = re.compile(r"/(\d{4}-\d\d-\d\dT\d\d)/[^/]+$")


def put(connection: "SnowflakeConnection", frame: pl.DataFrame) -> str:
    """Upload rows as one file; its path on the stage."""
    hour = now().strftime(_HOUR)
    with TemporaryDirectory(prefix="flowguard-") as folder, translated():
        file = Path(folder) / f"{uuid4()}.parquet"
        upper = frame.rename({name: name.upper() for name in frame.columns})
        parquet.write_table(upper.to_arrow(), file, compression="zstd", compression_level=1)
        connection.cursor().execute(f"PUT 'file://{file}' @{STAGE}/{hour}/ AUTO_COMPRESS = FALSE")
    crash_point("stage.put")
    return f"{hour}/{file.name}"


def copy(target: str, file: str) -> str:
    """The statement that takes a file into a table, by the names of its columns."""
    return f"COPY INTO {target} FROM @{STAGE}/{file} {_FORMAT} MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"


def rows_loaded(copied: "SnowflakeCursor") -> int:
    """How many rows a COPY took in: none of a file that is not there, or was loaded before, which is no error to it."""
    names = [column.name.lower() for column in copied.description]
    return sum(row[names.index("rows_loaded")] for row in copied) if "rows_loaded" in names else 0


def remove_leftovers(connection: "SnowflakeConnection") -> None:
    """Remove the folders of hours from which no transaction can need a file any more; what else is there, stays.

    Neither LIST nor REMOVE wakes a virtual warehouse."""
    with translated():
        listed = connection.cursor().execute(f"LIST @{STAGE}")
        for hour in _expired((str(row[0]) for row in listed), now()):  # type: ignore[union-attr]
            connection.cursor().execute(f"REMOVE @{STAGE}/{hour}/")


def _expired(files: Iterator[str], instant: datetime) -> list[str]:
    """The folders among the paths of files that are older than any session lives."""
    hours = {found[1] for file in files if (found := _OF_AN_HOUR.search(file))}
    return sorted(hour for hour in hours if hour < (instant - LONGEST_SESSION).strftime(_HOUR))
