"""What the anomaly checks catch, and how often they cry over nothing, in simulated years.

    python -m benchmarks.anomalies [--size small|full]

A year of a shop: weekdays that differ by a factor of two, growth of 1 % a week, noise of 8 % beside that of counting,
ten holidays on which the shop is closed or sells half as much again, and a conversion with noise of its own. On one
day in fifty something is lost: 20, 50 or 100 % of the orders, or of the clicks that would have become orders. The rows
go into the tables that the checks read, and the checks judge each day of them; a day is judged as of the day after it.

Printed are, per metric, the share of the drops that failed and how many other days did, a month. Holidays count as
false alarms: nobody has told the checks of them.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl
from rich.console import Console

from flowguard.checks.anomalies import ANOMALIES
from flowguard.models import render
from flowguard.models.registry import BY_NAME

YEARS = {"small": 3, "full": 20}
FIRST = date(2025, 1, 6)
WEEKS, WARM_UP = 61, 63
"""Of which the first days only are something to compare with."""
DROPS = (0.2, 0.5, 1.0)
METRICS = ("orders_as_usual", "revenue_as_usual", "conversion_as_usual")
_WEEKDAYS = (0.8, 0.85, 0.9, 1.0, 1.3, 1.6, 1.2)
_HOLIDAYS = 10
_READ = ("gold.daily_order_metrics", "gold.funnel_metrics", "ops.ingest_ranges", "ops.dirty_days", "ops.check_failures")
console = Console(highlight=False)


@dataclass(frozen=True)
class Day:
    """What is in the tables of a day; ``dropped`` is the part that was lost, ``holiday`` whether it is one."""

    day: date
    orders: int
    revenue: float
    clicks: int
    converted: int
    dropped: float
    holiday: bool


def year(seed: int, *, orders: float = 300, drops: bool = True) -> list[Day]:
    """A year after nine weeks to compare with; ``orders`` is the number of an average day at its beginning."""
    chance = random.Random(seed)
    days = [FIRST + timedelta(days=number) for number in range(7 * WEEKS)]
    holidays = set(chance.sample(days, _HOLIDAYS))
    return [_day(chance, day, number, orders, day in holidays, drops) for number, day in enumerate(days)]


def _day(chance: random.Random, day: date, number: int, orders: float, holiday: bool, drops: bool) -> Day:
    usual = orders * _WEEKDAYS[day.weekday()] * 1.01 ** (number / 7) * chance.gauss(1, 0.08)
    if holiday:
        usual *= chance.choice((0, 1.5))
    lost = drops and number >= WARM_UP and not holiday and chance.random() < 0.02
    dropped = chance.choice(DROPS) if lost else 0.0
    placed = max(0, round(chance.gauss(usual, usual**0.5) * (1 - dropped)))
    clicks = max(0, round(chance.gauss(usual, usual**0.5) * 8))
    converted = min(clicks, round(placed * min(1.0, chance.gauss(0.8, 0.03))))
    return Day(day, placed, round(placed * chance.gauss(11, 0.4), 2), clicks, converted, dropped, holiday)


def judged(days: list[Day]) -> pl.DataFrame:
    """Per metric and day, whether it fails: columns metric, day, fails."""
    memory = duckdb.connect()
    for name in _READ:
        memory.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
        memory.execute(render.create(BY_NAME[name]).replace("NOT NULL", ""))
    rows = pl.DataFrame(days)  # noqa: F841, read by the statements
    memory.execute(
        "INSERT INTO gold.daily_order_metrics BY NAME SELECT day AS date, orders AS total_orders, "
        "revenue AS total_revenue FROM rows WHERE orders > 0"
    )
    memory.execute(
        "INSERT INTO gold.funnel_metrics BY NAME SELECT day AS date, 'all' AS item_id, clicks, "
        "converted AS converted_clicks FROM rows WHERE clicks > 0"
    )
    memory.execute("INSERT INTO ops.ingest_ranges BY NAME SELECT CAST(MAX(day) + 1 AS DATE) AS arrival_date FROM rows")
    later = [day.day for day in days[WARM_UP:]]
    return pl.concat(_failing(memory, later))


def _failing(memory: duckdb.DuckDBPyConnection, days: list[date]) -> Iterator[pl.DataFrame]:
    for usual in ANOMALIES:
        if usual.name in METRICS:
            failed = set(memory.execute(usual.check.failing(days)).pl()[usual.day])
            yield pl.DataFrame(
                {"metric": [usual.name] * len(days), "day": days, "fails": [day in failed for day in days]}
            )


def measured(years: dict[int, list[Day]]) -> pl.DataFrame:
    """Columns metric; caught_20, caught_50, caught_100: shares; and false_alarms and of_holidays a month."""
    found = pl.concat(
        judged(days).with_columns(seed=pl.lit(seed)).join(pl.DataFrame(days), on="day") for seed, days in years.items()
    )
    caught = [
        pl.col("fails").filter(pl.col("dropped") == drop).mean().alias(f"caught_{drop * 100:.0f}") for drop in DROPS
    ]
    quiet = (pl.col("dropped") == 0) & ~pl.col("holiday")
    months = 12 * len(years)
    return found.group_by("metric", maintain_order=True).agg(
        *caught,
        false_alarms=(pl.col("fails") & quiet).sum() / months,
        of_holidays=(pl.col("fails") & pl.col("holiday")).sum() / months,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=YEARS, default="small")
    size = YEARS[parser.parse_args().size]
    for orders in (30, 300, 3000):
        table = measured({seed: year(seed, orders=orders) for seed in range(size)})
        console.print(f"{size} years of a shop with {orders} orders a day, seeds 0 to {size - 1}")
        console.print("metric                 caught of 20 %   50 %  100 %   false alarms a month   and of holidays")
        for metric, *caught, false, holidays in table.iter_rows():
            shares = "  ".join(f"{share:5.0%}" for share in caught)
            console.print(f"{metric:28} {shares}   {false:20.2f}   {holidays:15.2f}")


if __name__ == "__main__":
    main()
