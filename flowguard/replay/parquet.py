"""Parquet: an event a row. NULL is a missing field; decimals, integers and times keep their exact value."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pyarrow
import pyarrow.parquet

from flowguard.errors import InvalidInput
from flowguard.replay.batch import NUMBERS, TEXTS, Batch

ROWS = 10_000
_MICROSECONDS, _NANOSECONDS = "%Y-%m-%dT%H:%M:%S%.6f", "%Y-%m-%dT%H:%M:%S%.9f"
_encode = msgspec.json.Encoder().encode


def read(path: Path) -> Iterator[Batch]:
    """The rows as JSON, numbered from 1.

    Raises:
        InvalidInput: the file is not Parquet, is damaged, or has no column event_type.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield from _batches(file, path)
    except pyarrow.ArrowException as error:
        raise InvalidInput(f"{path} is not readable as Parquet: {error}") from error


def _batches(file: "pyarrow.parquet.ParquetFile", path: Path) -> Iterator[Batch]:
    names = file.schema_arrow.names
    if "event_type" not in names:
        raise InvalidInput(f"{path} has no column event_type; it has {', '.join(names)}")
    size, rows = path.stat().st_size, max(file.metadata.num_rows, 1)
    done = 0
    for arrow in file.iter_batches(batch_size=ROWS):
        payloads = [
            _encode({name: value for name, value in row.items() if value is not None})
            for row in as_json_values(pl.DataFrame(pl.from_arrow(arrow))).to_dicts()
        ]
        before, done = done, done + len(payloads)
        yield Batch(path, range(before + 1, done + 1), payloads, (), size * done // rows - size * before // rows)


def as_json_values(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each column as what JSON needs to say the same."""
    return frame.with_columns(_as_json_value(column) for column in frame)


def _as_json_value(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        return _as_rfc3339(column)
    if column.dtype.is_float() and column.name in NUMBERS:
        return _whole(column)
    is_text = column.name in TEXTS and (column.dtype.is_numeric() or column.dtype == pl.Categorical)
    if is_text or column.dtype.is_decimal() or isinstance(column.dtype, pl.Enum | pl.Duration | pl.Time):
        return column.cast(pl.String)
    return column


def _as_rfc3339(column: pl.Series) -> pl.Series:
    """Nanoseconds only where there are any. A time without a zone stays one: the contract refuses it."""
    assert isinstance(column.dtype, pl.Datetime)
    in_utc = column.dt.convert_time_zone("UTC") if column.dtype.time_zone else column
    finer = column.dtype.time_unit == "ns" and bool((in_utc.dt.nanosecond() % 1_000 != 0).any())
    return in_utc.dt.strftime((_NANOSECONDS if finer else _MICROSECONDS) + ("Z" if column.dtype.time_zone else ""))


def _whole(column: pl.Series) -> pl.Series:
    """What other tools store as floats because some are missing."""
    present = column.fill_nan(None)
    return present.cast(pl.Int64) if (present.drop_nulls() % 1 == 0).all() else present
