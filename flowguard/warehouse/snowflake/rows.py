"""What Snowflake answers, as frames with our names and types."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from flowguard.warehouse.snowflake.scratch import Kind

if TYPE_CHECKING:
    import pyarrow as arrow
    from snowflake.connector.cursor import ResultMetadata, SnowflakeCursor

_SMALL_DIGITS = 9
_KINDS = {1: "REAL", 2: "TEXT", 3: "DATE", 4: "TIMESTAMP", 8: "TIMESTAMP", 11: "BINARY", 13: "BOOLEAN"}
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "REAL": pl.Float64,
    "TEXT": pl.String,
    "DATE": pl.Date,
    "TIMESTAMP": pl.Datetime("us"),
    "BINARY": pl.Binary,
    "BOOLEAN": pl.Boolean,
}
_AS_DECLARED = {"REAL": "FLOAT", "TEXT": "VARCHAR", "TIMESTAMP": "TIMESTAMP_NTZ"}


def fetch(cursor: "SnowflakeCursor") -> pl.DataFrame:
    """All rows of the last query."""
    return _typed(cursor.fetch_arrow_all(force_return_table=True), cursor)


def pieces(cursor: "SnowflakeCursor") -> Iterator[pl.DataFrame]:
    """All rows of the last query, one piece after the other as Snowflake has laid them down."""
    return (_typed(table, cursor) for table in cursor.fetch_arrow_batches())


def kind(column: "ResultMetadata") -> Kind:
    """How a column of an answer can be kept."""
    if column.type_code == 0:
        return Kind("FIXED", f"NUMBER({column.precision}, {column.scale})")
    slot = _KINDS[column.type_code]
    return Kind(slot, _AS_DECLARED.get(slot, slot))


def kind_of(type: Any) -> Kind:
    """How a column of a frame can be kept."""
    if isinstance(type, pl.Decimal):
        return Kind("FIXED", f"NUMBER({type.precision}, {type.scale})")
    if type.is_integer():
        return Kind("FIXED", "NUMBER(9, 0)" if type in (pl.Int8, pl.Int16, pl.Int32) else "NUMBER(18, 0)")
    [slot] = [slot for slot, known in _TYPES.items() if type == known] or ["TEXT"]
    return Kind(slot, _AS_DECLARED.get(slot, slot))


def _typed(table: "arrow.Table", cursor: "SnowflakeCursor") -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(table))
    described = {column.name.lower(): _polars_type(column) for column in cursor.description}
    frame.columns = list(described)
    return frame.cast(described)  # type: ignore[arg-type]


def _polars_type(column: "ResultMetadata") -> pl.DataType | type[pl.DataType]:
    if column.type_code != 0:
        return _TYPES[_KINDS[column.type_code]]
    if column.scale:
        return pl.Decimal(column.precision, column.scale)
    return pl.Int32 if (column.precision or 38) <= _SMALL_DIGITS else pl.Int64
