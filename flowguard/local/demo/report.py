"""What the demo shows: the ledger, the best sellers, who clicks, and what differs."""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
from rich.markup import escape
from rich.table import Table

from flowguard.local.demo.compare import SIDE, Comparison
from flowguard.warehouse import Warehouse

MOST_ROWS = 20
_WORDS = {
    "",
    "where offsets went",
    SIDE,
    "topic",
    "stage",
    "rule",
    "date",
    "item",
    "item_id",
    "item_name",
    "category",
    "compared",
}
_COUNTS = ("offsets", "bronze_rows", "quarantined", "skipped", "lost", "silver_rows", "duplicates", "rejected")
_LEDGER = f"""
SELECT
    topic, {", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in _COUNTS)},
    BOOL_AND(balanced) AS balanced, MIN(arrival_date) AS first_day, MAX(arrival_date) AS last_day
FROM gold.flow_ledger
GROUP BY topic
ORDER BY topic
"""
_BEST_SELLERS = """
SELECT
    item_id, MAX(item_name) AS item_name, MAX(category) AS category,
    CAST(SUM(total_orders) AS BIGINT) AS orders, CAST(SUM(revenue) AS DECIMAL(18, 2)) AS revenue
FROM gold.food_performance
GROUP BY item_id
ORDER BY revenue DESC, item_id
LIMIT 10
"""
_CONVERSION = """
SELECT
    category, CAST(SUM(impressions) AS BIGINT) AS impressions, CAST(SUM(clicks) AS BIGINT) AS clicks,
    CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks,
    CAST(SUM(attributed_revenue) AS DECIMAL(18, 2)) AS attributed_revenue
FROM gold.category_conversion
GROUP BY category
ORDER BY category
"""


def ledger(warehouse: Warehouse) -> tuple[Table, bool]:
    """Where each offset went, a column for each topic, and whether every day of every topic balances."""
    topics = warehouse.query(_LEDGER)
    if topics.is_empty():
        return _table("The ledger is empty", []), False
    first, last = topics.select(pl.col("first_day").min(), pl.col("last_day").max()).row(0)
    days = first if first == last else f"{first} to {last}"
    table = _table(f"The ledger, {days}", ["where offsets went", *topics["topic"]])
    for name in _COUNTS:
        table.add_row(name, *map(_text, topics[name]))
    table.add_row("balanced", *("[green]yes[/green]" if good else "[red]NO[/red]" for good in topics["balanced"]))
    return table, bool(topics["balanced"].all())


def best_sellers(warehouse: Warehouse, currency: str) -> Table:
    """The dishes with the highest revenue."""
    table = _table(f"Best sellers, {currency}", ["item", "category", "orders", "revenue"])
    for row in warehouse.query(_BEST_SELLERS).iter_rows(named=True):
        table.add_row(row["item_name"], row["category"], _text(row["orders"]), _text(row["revenue"]))
    return table


def conversion(warehouse: Warehouse) -> Table:
    """From impression over click to order, by category."""
    columns = ["category", "impressions", "clicks", "ctr %", "became orders", "click to order %", "revenue"]
    table = _table("From click to order, by category", columns)
    for row in warehouse.query(_CONVERSION).iter_rows(named=True):
        clicks, converted = row["clicks"], row["converted_clicks"]
        rates = _percent(clicks, row["impressions"]), _percent(converted, clicks)
        revenue = _text(row["attributed_revenue"])
        table.add_row(
            row["category"], _text(row["impressions"]), _text(clicks), rates[0], _text(converted), rates[1], revenue
        )
    return table


def comparisons(compared: list[Comparison]) -> Table:
    """One line for each thing compared."""
    table = _table("Against what the shoppers know that they sent", ["compared", "rows", "differing", ""])
    for comparison in compared:
        verdict = "equal" if comparison.equal else "DIFFERENT"
        style = "" if comparison.equal else "red"
        table.add_row(comparison.name, _text(comparison.rows), _text(comparison.differing.height), verdict, style=style)
    return table


def differences(comparison: Comparison) -> Table:
    """The first rows that differ, expected and found one below the other."""
    shown = comparison.differing.head(MOST_ROWS)
    table = _table(f"{comparison.name}: {comparison.differing.height} rows differ", shown.columns)
    for row in shown.iter_rows(named=True):
        table.add_row(*map(_text, row.values()), style="green" if row[SIDE] == "expected" else "red")
    return table


def _table(title: str, columns: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in _WORDS else "right", overflow="fold")
    return table


def _text(value: object) -> str:
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return "" if value is None else escape(str(value))


def _percent(part: int, whole: int) -> str:
    return str((Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)) if whole else ""
