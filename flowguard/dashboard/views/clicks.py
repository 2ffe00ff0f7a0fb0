"""What people look at and click, and what becomes of it."""

from functools import partial

import streamlit as st

from flowguard.dashboard import source
from flowguard.dashboard.charts import clicks as charts
from flowguard.dashboard.filters import Filters
from flowguard.dashboard.panel import panel
from flowguard.dashboard.queries import clicks as queries

_FUNNEL = "A funnel counts on the day of the click, orders after midnight included, for the dish that was clicked."
_NO_CLICKS = "Nothing was clicked on these days."


def draw(filters: Filters) -> None:
    _when(filters)
    left, right = st.columns(2)
    with left:
        _seen_and_clicked(filters)
        _by_category(filters)
    with right:
        _rates(filters)
        _time_to_order(filters)
    _dishes(filters)
    _models(filters)


def _when(filters: Filters) -> None:
    panel(
        "Clicks by category and hour",
        queries.HEATMAP,
        filters,
        charts.heatmap,
        explain="When cards of which category are clicked: the sum of the days, by hour of the day, UTC.",
        empty=_NO_CLICKS,
    )


def _seen_and_clicked(filters: Filters) -> None:
    panel(
        "Impressions and clicks",
        queries.BY_DAY_AND_CATEGORY,
        filters,
        partial(charts.seen_and_clicked, days=filters.days),
        explain="Cards that were really seen, and cards that were clicked. Both columns begin at zero.",
    )


def _by_category(filters: Filters) -> None:
    panel(
        "Conversion by category",
        queries.CONVERSION,
        filters,
        charts.conversion,
        explain=f"Percent of the clicks that were the last one before an order. {_FUNNEL} The thin line shows "
        "which rates so many clicks make credible (Wilson, 95 %).",
        empty=_NO_CLICKS,
    )


def _rates(filters: Filters) -> None:
    panel(
        "Click-through and conversion",
        queries.BY_DAY_AND_CATEGORY,
        filters,
        charts.ctr,
        explain=f"Click-through: clicks in percent of impressions. Conversion: clicks that became orders, in "
        f"percent of clicks. {_FUNNEL} The rate of today still rises.",
    )


def _time_to_order(filters: Filters) -> None:
    panel(
        "Time from click to order",
        queries.TIME_TO_ORDER,
        filters,
        charts.time_to_order,
        explain="From the last click to the order, of orders that had a click within the attribution "
        f"window ({source.settings().attribution_window}). Days are those of the order; categories those clicked.",
        empty="No order of these days had a click before it.",
    )


def _dishes(filters: Filters) -> None:
    panel(
        "Many clicks, few orders",
        queries.DISHES,
        filters,
        charts.many_clicks_few_orders,
        explain=f"Each dish by its clicks and by how many of them became orders. The dashed line is the mean of the "
        f"dishes shown. Those that stand out convert worse than it even at the upper end of what their clicks make "
        f"credible (Wilson, 95 %). {_FUNNEL}",
        empty=_NO_CLICKS,
    )


def _models(filters: Filters) -> None:
    panel(
        "Last click against first click",
        queries.MODELS,
        filters,
        partial(charts.models, currency=source.settings().currency),
        explain="The revenue of the orders of these days, by the category of the click that gets the credit: the "
        "last one before the order, or the first one in the window. Each model's sum is all "
        "revenue, orders without a click included.",
        empty="Nothing was ordered on these days.",
    )
