"""Today is compared with as much of the other days, not with whole ones."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl

from flowguard.dashboard.today import figures

DAILY = pl.DataFrame(
    {
        "date": [date(2026, 3, 10)],
        "total_orders": [7],
        "total_revenue": [Decimal("70.00")],
        "net_revenue": [Decimal("60.00")],
        "unique_users": [3],
        "avg_order_value": [Decimal("10.00")],
    }
)
HOURS = pl.DataFrame(
    [(date(2026, 3, 10), 9, 4), (date(2026, 3, 10), 10, 3), (date(2026, 3, 9), 9, 2), (date(2026, 3, 9), 10, 90)],
    schema=["date", "hour", "total_orders"],
    orient="row",
).with_columns(total_revenue=pl.col("total_orders").cast(pl.Decimal(18, 2)))


def test_hours_that_are_over_are_compared() -> None:
    orders = figures(HOURS, DAILY, datetime(2026, 3, 10, 10, 30), "USD")[0]
    assert orders.value == "7"
    assert orders.against_yesterday is not None and orders.against_yesterday.percent == 100  # 4 against 2
    assert orders.against_last_week is None  # nothing is known of that day


def test_the_first_hour_is_compared_with_nothing() -> None:
    orders = figures(HOURS, DAILY, datetime(2026, 3, 10, 0, 30), "USD")[0]
    assert orders.against_yesterday is None


def test_a_day_without_orders_is_zero() -> None:
    found = figures(HOURS.clear(), DAILY.clear(), datetime(2026, 3, 10, 10, 30), "USD")
    assert [figure.value.replace("\u00a0", " ") for figure in found] == ["0", "USD 0.00", "USD 0.00", "0", "–"]
