"""What people are shown of a partition: how many rows it has, and a few of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

import polars as pl

from flowguard.models.registry import BY_NAME
from flowguard.models.table import BYTES, Table
from flowguard.warehouse import Warehouse

PREVIEWED_DAYS = 2
"""Newest days of a table that get a preview, each of which is a query."""
PREVIEWED_ROWS = 5
_WIDEST_CELL = 40


class Description(NamedTuple):
    """``preview`` is Markdown, None where there is none."""

    rows: int
    preview: str | None


def describe(warehouse: Warehouse, places: Iterable[tuple[str, date]]) -> dict[tuple[str, date], Description]:
    """Describe days of tables: a query per table, and one per preview."""
    by_table: dict[str, list[date]] = defaultdict(list)
    for name, day in places:
        by_table[name].append(day)
    found: dict[tuple[str, date], Description] = {}
    for name, days in by_table.items():
        table = BY_NAME[name]
        counts = _counts(warehouse, table, days)
        previews = {day: _preview(warehouse, table, day) for day in sorted(days)[-PREVIEWED_DAYS:] if counts.get(day)}
        found |= {(name, day): Description(counts.get(day, 0), previews.get(day)) for day in days}
    return found


def markdown(rows: pl.DataFrame) -> str:
    """A few rows as a table, long values cut."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows.iter_rows()]
    return "\n".join([f"| {' | '.join(rows.columns)} |", "|---" * rows.width + "|", *lines])


def _counts(warehouse: Warehouse, table: Table, days: Collection[date]) -> dict[date, int]:
    listed = ", ".join(f"CAST('{day}' AS DATE)" for day in days)
    counted = warehouse.query(
        f"SELECT {table.day}, COUNT(*) FROM {table.full_name} WHERE {table.day} IN ({listed}) GROUP BY {table.day}"
    )
    return dict(counted.iter_rows())


def _preview(warehouse: Warehouse, table: Table, day: date) -> str:
    """All columns but bytes, and but the day, which the partition tells."""
    shown = ", ".join(column.name for column in table.columns if column.type != BYTES and column.name != table.day)
    return markdown(
        warehouse.query(
            f"SELECT {shown} FROM {table.full_name} WHERE {table.day} = CAST('{day}' AS DATE) LIMIT {PREVIEWED_ROWS}"
        )
    )


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    text = text if len(text) <= _WIDEST_CELL else f"{text[: _WIDEST_CELL - 1]}…"
    return text.replace("|", "\\|").replace("\n", " ")
