"""Snowflake's rows for another engine, and that engine's rows for Snowflake: in pieces, however many there are."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
import pyarrow as arrow
import pyarrow.parquet as parquet

from flowguard.models.frame import frame
from flowguard.models.table import Table
from flowguard.warehouse.snowflake.rows import pieces

if TYPE_CHECKING:
    from snowflake.connector.cursor import SnowflakeCursor

MOST_ROWS = 500_000
"""In one file of the stage: a COPY of a small file takes as long as one of this size."""


def write(table: Table, selected: "SnowflakeCursor", folder: Path) -> str:
    """What was selected of a table, as a Parquet file with the types of its columns."""
    file = folder / f"{uuid4()}.parquet"
    columns = [column.name.lower() for column in selected.description]
    none = frame(table, []).select(columns)
    with parquet.ParquetWriter(file, none.to_arrow().schema, compression="zstd", compression_level=1) as writer:
        for piece in pieces(selected):
            writer.write_table(piece.cast(none.schema).to_arrow())
    return str(file)


def joined(batches: Iterable[arrow.RecordBatch]) -> Iterator[pl.DataFrame]:
    """The rows of batches, as many in one frame as go into one file."""
    waiting: list[arrow.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= MOST_ROWS:
            yield _frame(waiting)
            waiting, rows = [], 0
    if rows:
        yield _frame(waiting)


def _frame(batches: list[arrow.RecordBatch]) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(arrow.Table.from_batches(batches)))
