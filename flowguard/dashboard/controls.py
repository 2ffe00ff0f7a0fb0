"""The controls of all pages. The address bar keeps what they say, so that a view can be sent to somebody."""

from datetime import date

import streamlit as st

from flowguard.dashboard import source
from flowguard.dashboard.filters import DATES, PERIODS, Filters, between, period
from flowguard.dashboard.queries.categories import CATEGORIES

DEFAULT = "28 days"
LIVE_SECONDS = 10


def filters(today: date, has_categories: bool) -> Filters:
    """Draws the controls and gives what they say. What is not valid in the address bar is ignored by Streamlit."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        name = st.segmented_control(
            "Days (UTC)",
            [*PERIODS, DATES],
            default=DEFAULT,
            required=True,
            wrap=True,
            key="period",
            bind="query-params",
        )
        if name == DATES:
            usual, first = period(DEFAULT, today), source.settings().start_date
            picked = st.date_input(
                "From – to",
                (max(usual.first, first), usual.last),
                min_value=first,
                max_value=today,
                key="dates",
                bind="query-params",
                width=230,
            )
            days = between(picked if isinstance(picked, tuple) else (picked,), today)
        else:
            days = period(name or DEFAULT, today)
        known = source.rows(CATEGORIES.text(days))["category"].to_list()
        categories = st.multiselect(
            "Categories",
            known,
            key="category",
            bind="query-params",
            placeholder="All" if has_categories else "Not on this page",
            disabled=not has_categories,
            width=320,
        )
    return Filters(days, tuple(categories) if has_categories else ())


def live() -> int | None:
    """Every how many seconds the page is to be refreshed; None: only when something is changed."""
    return LIVE_SECONDS if st.toggle("Live", True, key="live", bind="query-params", help=_LIVE_HELP) else None


_LIVE_HELP = f"Refresh the figures every {LIVE_SECONDS} seconds"
