"""Files on the stage: a PUT for each, under a name of its own, outside of the tables until a COPY takes them in."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
import pyarrow.parquet as parquet

from flowguard.faults import crash_point
from flowguard.warehouse.snowflake.errors import translated

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

STAGE = "ops.landing"
CREATE = f"CREATE STAGE IF NOT EXISTS {STAGE}"
_FORMAT = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE)"


def put(connection: "SnowflakeConnection", frame: pl.DataFrame) -> str:
    """Upload rows as one file; its name on the stage."""
    with TemporaryDirectory(prefix="flowguard-") as folder, translated():
        file = Path(folder) / f"{uuid4()}.parquet"
        upper = frame.rename({name: name.upper() for name in frame.columns})
        parquet.write_table(upper.to_arrow(), file, compression="zstd", compression_level=1)
        connection.cursor().execute(f"PUT 'file://{file}' @{STAGE} AUTO_COMPRESS = FALSE")
    crash_point("stage.put")
    return file.name


def copy(target: str, file: str) -> str:
    """The statement that takes a file into a table, by the names of its columns."""
    return f"COPY INTO {target} FROM @{STAGE}/{file} {_FORMAT} MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"


def rows_loaded(copied: "SnowflakeCursor") -> int:
    """How many rows a COPY took in: none of a file that is not there, or was loaded before, which is no error to it."""
    names = [column.name.lower() for column in copied.description]
    return sum(row[names.index("rows_loaded")] for row in copied) if "rows_loaded" in names else 0
