"""What people are shown of a partition: how many rows it has, and a few of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

import polars as pl

from flowguard.models.ops import INGEST_RANGES, QUARANTINE
from flowguard.models.registry import BY_NAME
from flowguard.models.table import BYTES, Table
from flowguard.rounds.changes import TableDay
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.warehouse import Warehouse

PREVIEWED_DAYS = 2
"""Newest days of a table that get a preview, each of which is a query."""
PREVIEWED_ROWS = 5
_WIDEST_CELL = 40


class Description(NamedTuple):
    """``preview`` is Markdown, None where there is none. ``refused`` tells of a day of quarantine, ``by_model`` of a
    day of attributed orders: how many, and how many of them have no click, as Markdown."""

    rows: int
    preview: str | None
    refused: "Refused | None" = None
    by_model: str | None = None


class Refused(NamedTuple):
    """Entries of a day by rule and status, as Markdown, and how many percent of the day's records are open ones."""

    by_rule: str
    open_percent: float | None


def describe(warehouse: Warehouse, places: Iterable[TableDay]) -> dict[TableDay, Description]:
    """Describe days of tables, and tables that have none: a query per table, and one per preview."""
    by_table: dict[str, list[date]] = defaultdict(list)
    found: dict[TableDay, Description] = {}
    for name, day in places:
        if day is None:
            found[name, None] = _whole(warehouse, BY_NAME[name])
        else:
            by_table[name].append(day)
    for name, days in by_table.items():
        table = BY_NAME[name]
        counts = _counts(warehouse, table, days)
        previews = {day: _preview(warehouse, table, day) for day in sorted(days)[-PREVIEWED_DAYS:] if counts.get(day)}
        refused = _refused(warehouse, days) if table is QUARANTINE else {}
        models = _by_model(warehouse, days) if table is ATTRIBUTED_ORDERS else {}
        found |= {
            (name, day): Description(counts.get(day, 0), previews.get(day), refused.get(day), models.get(day))
            for day in days
        }
    return found


def markdown(rows: pl.DataFrame) -> str:
    """A few rows as a table, long values cut."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows.iter_rows()]
    return "\n".join([f"| {' | '.join(rows.columns)} |", "|---" * rows.width + "|", *lines])


def _whole(warehouse: Warehouse, table: Table) -> Description:
    rows = warehouse.query(f"SELECT COUNT(*) FROM {table.full_name}").item()
    first = warehouse.query(f"SELECT * FROM {table.full_name} ORDER BY {', '.join(table.keys)} LIMIT {PREVIEWED_ROWS}")
    return Description(rows, markdown(first) if rows else None)


def _counts(warehouse: Warehouse, table: Table, days: Collection[date]) -> dict[date, int]:
    counted = warehouse.query(
        f"SELECT {table.day}, COUNT(*) FROM {table.full_name} WHERE {_of(table, days)} GROUP BY {table.day}"
    )
    return dict(counted.iter_rows())


def _of(table: Table, days: Iterable[date]) -> str:
    listed = ", ".join(f"CAST('{day}' AS DATE)" for day in days)
    return f"{table.day} IN ({listed})"


def _refused(warehouse: Warehouse, days: Collection[date]) -> dict[date, Refused]:
    """The records of a day are all that arrived, by whichever topic."""
    entries = warehouse.query(
        f"SELECT _arrival_date, stage, rule, status, COUNT(*) AS entries FROM ops.quarantine "
        f"WHERE {_of(QUARANTINE, days)} GROUP BY ALL ORDER BY entries DESC, stage, rule, status"
    )
    records = warehouse.query(
        f"SELECT arrival_date, SUM(bronze_rows + quarantined) FROM ops.ingest_ranges "
        f"WHERE {_of(INGEST_RANGES, days)} GROUP BY arrival_date"
    )
    arrived = dict(records.iter_rows())
    found = {}
    for (day,), of_day in entries.partition_by("_arrival_date", as_dict=True, maintain_order=True).items():
        waiting = of_day.filter(status="open")["entries"].sum()
        share = round(float(100 * waiting / arrived[day]), 2) if arrived.get(day) else None
        found[day] = Refused(markdown(of_day.drop("_arrival_date")), share)
    return found


def _by_model(warehouse: Warehouse, days: Collection[date]) -> dict[date, str]:
    counted = warehouse.query(
        f"SELECT order_date, model, COUNT(*) AS orders, COUNT(*) - COUNT(click_event_id) AS without_click, "
        f"MAX(revision) AS highest_revision FROM {ATTRIBUTED_ORDERS.full_name} "
        f"WHERE {_of(ATTRIBUTED_ORDERS, days)} GROUP BY ALL ORDER BY model"
    )
    by_day = counted.partition_by("order_date", as_dict=True, maintain_order=True).items()
    return {day: markdown(of_day.drop("order_date")) for (day,), of_day in by_day}


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
