"""Rows written by Python, typed as their table's columns."""

from collections.abc import Iterable, Sequence

import polars as pl
from polars import selectors

from flowguard.models.table import BYTES, COUNT, DAY, FLAG, INSTANT, MONEY, RATE, SHARE, SMALL, TEXT, Table

_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    TEXT: pl.String,
    SMALL: pl.Int32,
    COUNT: pl.Int64,
    DAY: pl.Date,
    INSTANT: pl.Datetime("us"),
    MONEY: pl.Decimal(18, 2),
    RATE: pl.Decimal(18, 4),
    SHARE: pl.Decimal(9, 6),
    FLAG: pl.Boolean,
    BYTES: pl.Binary,
}


def frame(table: Table, rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    """Rows that have a value for each column of the table, in its order."""
    schema = {column.name: _TYPES[column.type] for column in table.columns}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def exact(rows: pl.DataFrame) -> pl.DataFrame:
    """As texts that lose nothing: decimals in full, times ending in Z, bytes as base64."""
    return rows.with_columns(
        selectors.decimal().cast(pl.String),
        selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"),
        selectors.date().cast(pl.String),
        selectors.binary().bin.encode("base64"),
    )
