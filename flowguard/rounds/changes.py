"""Which days of which tables changed: what people are told, and what GOLD has to refresh."""

from collections.abc import Iterable
from datetime import date

import polars as pl

from flowguard.models.frame import frame
from flowguard.models.ops import DIRTY_DAYS
from flowguard.warehouse import Session

TableDay = tuple[str, date | None]
"""A day of a table; None: all of a table that has no days."""
Changes = dict[TableDay, int]
"""Rows that were written or looked at again, by table and day."""

_NEXT_VERSION = "SELECT CAST(COALESCE(MAX(version), 0) + 1 AS BIGINT) FROM ops.dirty_days"


def count_days(table: str, days: pl.Series) -> Changes:
    """Rows by day of one table."""
    counted = days.alias("day").cast(pl.Date).value_counts(name="rows")
    return {(table, day): rows for day, rows in counted.iter_rows()}


def mark_dirty(session: Session, changes: Iterable[TableDay]) -> None:
    """Tell GOLD, within the transaction that made the changes."""
    version = session.query(_NEXT_VERSION).item()
    rows = [(table, day, version) for table, day in changes]
    if rows:
        session.insert(DIRTY_DAYS, frame(DIRTY_DAYS, rows))
