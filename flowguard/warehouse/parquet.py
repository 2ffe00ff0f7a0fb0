"""Parquet files that another engine wrote."""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

import pyarrow as arrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from flowguard.models.table import Table


def batches(table: Table, files: Collection[Path], days: Collection[date] | None) -> Iterator[arrow.RecordBatch]:
    """The rows in files of a table, piece by piece; only those of days, if any are given."""
    of_days = None if days is None else arrow.array(sorted(days), arrow.date32())
    for file in files:
        for batch in parquet.ParquetFile(file).iter_batches():
            if of_days is None or table.day is None:
                yield batch
            else:
                yield batch.filter(compute.is_in(batch.column(table.day), of_days))
