"""Who is there, who is new, who comes back."""

from functools import partial

import streamlit as st

from flowguard.dashboard import source
from flowguard.dashboard.charts import customers as charts
from flowguard.dashboard.filters import DAY, Days, Filters
from flowguard.dashboard.panel import panel
from flowguard.dashboard.queries import customers as queries

_NOBODY = "Nobody was there on these days."


def draw(filters: Filters) -> None:
    days = filters.days
    panel(
        "Who comes back",
        queries.COHORTS,
        filters,
        partial(charts.cohorts, today=source.now().date()),
        days=_weeks(days),
        explain="People by the week of their first order, from Monday on (UTC): how many percent of them ordered again "
        f"so many weeks later. Up to {charts.MOST_WEEKS} cohorts, also of weeks before the days that are shown. The "
        "week that is not over is pale.",
        empty="Nobody has had a week yet to come back in, among those who ordered in these weeks.",
    )
    left, right = st.columns(2)
    with left:
        panel(
            "New and returning people",
            queries.ENGAGEMENT,
            filters,
            partial(charts.new_and_returning, days=days),
            explain="People who saw, clicked or ordered something on the day; new are those who never had before.",
            empty=_NOBODY,
        )
    with right:
        panel(
            "People and sessions",
            queries.ENGAGEMENT,
            filters,
            partial(charts.sessions, days=days),
            explain="People who did anything, and browser sessions. Events without a session are in none.",
            empty=_NOBODY,
        )
    panel(
        "Engagement",
        queries.ENGAGEMENT,
        filters,
        charts.engagement,
        explain="Clicks of a session, and orders of a person, as the mean of each day.",
        empty=_NOBODY,
    )


def _weeks(days: Days) -> Days:
    """Enough of them for a heatmap, however few days are chosen."""
    return Days(min(days.first, days.last - 7 * charts.MOST_WEEKS * DAY), days.last)
