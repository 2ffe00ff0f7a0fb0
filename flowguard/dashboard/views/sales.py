"""What is sold, and when."""

from functools import partial

import streamlit as st

from flowguard.dashboard import source, today
from flowguard.dashboard.charts import sales as charts
from flowguard.dashboard.filters import Filters
from flowguard.dashboard.panel import panel
from flowguard.dashboard.queries import sales as queries


def draw(filters: Filters) -> None:
    currency, days = source.settings().currency, filters.days
    today.tiles(filters, currency)
    panel(
        "Revenue per day",
        queries.BY_DAY_AND_CATEGORY,
        filters,
        partial(charts.per_day, days=days, column="revenue", title=f"revenue, {currency}"),
        days=days.with_before,
        explain="Gross revenue: the prices of all orders of a day, refunded ones included. The line is the day that is "
        "as many days ago as are shown.",
    )
    left, right = st.columns(2)
    with left:
        panel(
            "Orders per day",
            queries.BY_DAY_AND_CATEGORY,
            filters,
            partial(charts.per_day, days=days, column="orders", title="orders"),
            days=days.with_before,
            explain="Orders of each day, refunded ones included; one order is one item.",
        )
        panel(
            "Best sellers",
            queries.SELLERS,
            filters,
            partial(charts.sellers, currency=currency),
            explain="The dishes with the most gross revenue in these days. Name and category are the latest.",
            empty="Nothing was ordered on these days.",
        )
    with right:
        panel(
            "Orders by hour",
            queries.BY_HOUR,
            filters,
            partial(charts.by_hour, days=days),
            explain="Orders of each hour of the day, UTC, as the mean of the days that are shown; today counts as a "
            "whole day although it is not over.",
            empty="Nothing was ordered on these days.",
        )
        panel(
            "Categories",
            queries.BY_DAY_AND_CATEGORY,
            filters,
            partial(charts.categories, days=days, currency=currency),
            explain="Gross revenue of each day by the category that a dish had on that day, the latest of the day.",
            empty="Nothing was ordered on these days.",
        )
