"""Each chart is one that Vega-Lite takes, of few rows too, and shows what was asked."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from flowguard.dashboard.charts import clicks, customers, flow, parts, sales
from flowguard.dashboard.charts.sankey import Link, Node, sankey
from flowguard.dashboard.filters import Days
from flowguard.dashboard.queries import clicks as of_clicks
from flowguard.dashboard.queries import customers as of_customers
from flowguard.dashboard.queries import flow as of_flow
from flowguard.dashboard.queries import sales as of_sales
from flowguard.dashboard.query import Query
from flowguard_tests.dashboard.conftest import TODAY
from flowguard_tests.gold.shop import Shop

WEEK = Days(TODAY - timedelta(6), TODAY)
Drawn = tuple[Query, Callable[[pl.DataFrame], parts.Chart | None]]
CHARTS: dict[str, Drawn] = {
    "per_day": (of_sales.BY_DAY_AND_CATEGORY, partial(sales.per_day, days=WEEK, column="revenue", title="revenue")),
    "by_hour": (of_sales.BY_HOUR, partial(sales.by_hour, days=WEEK)),
    "sellers": (of_sales.SELLERS, partial(sales.sellers, currency="USD")),
    "categories": (of_sales.BY_DAY_AND_CATEGORY, partial(sales.categories, days=WEEK, currency="USD")),
    "heatmap": (of_clicks.HEATMAP, clicks.heatmap),
    "seen_and_clicked": (of_clicks.BY_DAY_AND_CATEGORY, partial(clicks.seen_and_clicked, days=WEEK)),
    "ctr": (of_clicks.BY_DAY_AND_CATEGORY, clicks.ctr),
    "conversion": (of_clicks.CONVERSION, clicks.conversion),
    "many_clicks_few_orders": (of_clicks.DISHES, clicks.many_clicks_few_orders),
    "models": (of_clicks.MODELS, partial(clicks.models, currency="USD")),
    "time_to_order": (of_clicks.TIME_TO_ORDER, clicks.time_to_order),
    "cohorts": (of_customers.COHORTS, partial(customers.cohorts, today=TODAY + timedelta(14))),
    "new_and_returning": (of_customers.ENGAGEMENT, partial(customers.new_and_returning, days=WEEK)),
    "sessions": (of_customers.ENGAGEMENT, partial(customers.sessions, days=WEEK)),
    "engagement": (of_customers.ENGAGEMENT, customers.engagement),
    "refused_share": (of_flow.REFUSED_SHARE, partial(flow.refused_share, days=WEEK)),
    "rules": (of_flow.RULES, flow.rules),
    "ledger": (of_flow.LEDGER, partial(flow.ledger, in_gold=[("orders", 2), ("clicks", None)])),
    "per_minute": (of_flow.TAKEN_IN, partial(flow.per_minute, now=datetime.max)),
}


@pytest.mark.parametrize("name", CHARTS)
def test_it_is_valid(name: str, shop: Shop) -> None:
    query, draw = CHARTS[name]
    rows = shop.warehouse.query(query.text(Days(TODAY - timedelta(30), TODAY)))
    assert not rows.is_empty()
    chart = draw(rows)
    assert chart is None if name == "per_minute" else chart is not None and chart.to_dict()  # nothing in that hour


def test_nothing_is_drawn_of_a_cohort_whose_first_week_is_not_over() -> None:
    row: dict[str, Any] = {"cohort_week": date(2026, 3, 9), "weeks_since": 0, "cohort_users": 3, "active_users": 3}
    rows = pl.DataFrame([row | {"retention": 100.0}])
    assert customers.cohorts(rows, date(2026, 3, 12)) is None
    assert customers.cohorts(rows, date(2026, 3, 17)) is not None


def test_a_week_in_which_nobody_came_back_is_zero() -> None:
    weeks = [(date(2026, 3, 2), 0, 4, 4, 100.0), (date(2026, 3, 2), 2, 4, 1, 25.0)]
    rows = pl.DataFrame(
        weeks, schema=["cohort_week", "weeks_since", "cohort_users", "active_users", "retention"], orient="row"
    )
    chart = customers.cohorts(rows, date(2026, 3, 18))
    assert chart is not None
    (values,) = chart.to_dict()["datasets"].values()
    assert [(v["weeks_since"], v["retention"], v["over"]) for v in values] == [(1, 0.0, True), (2, 25.0, False)]


def test_days_without_rows_are_zero() -> None:
    rows = pl.DataFrame({"date": [date(2026, 3, 2)], "orders": [3]})
    filled = parts.each_day(rows, Days(date(2026, 3, 1), date(2026, 3, 3)))
    assert filled["orders"].to_list() == [0, 3, 0]


def test_what_cannot_be_told_apart_is_put_together() -> None:
    rows = pl.DataFrame({"category": [f"c{number}" for number in range(12)], "revenue": list(range(12))})
    few = parts.few_names(rows, "revenue").group_by("category").agg(pl.col("revenue").sum())
    assert few.height == parts.MOST_NAMES
    assert few.filter(pl.col("category") == parts.OTHERS)["revenue"].item() == sum(range(5))


def test_a_flow_is_as_wide_as_what_flows() -> None:
    nodes = [Node("a", 0, "a 3", "x"), Node("b", 1, "b 2", "x"), Node("c", 1, "c 1", "x")]
    drawn = sankey(nodes, [Link("a", "b", 200), Link("a", "c", 100)], ["x"], ["red"]).to_dict()
    points = next(values for values in drawn["datasets"].values() if "link" in values[0])
    width = {point["link"]: point["bottom"] - point["top"] for point in points}
    assert width["a → b"] == pytest.approx(2 * width["a → c"])
