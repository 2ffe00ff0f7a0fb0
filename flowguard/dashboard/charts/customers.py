"""Charts of people."""

from datetime import date, timedelta

import altair as alt
import polars as pl

from flowguard.dashboard.charts import parts
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.filters import Days

MOST_WEEKS = 16


def cohorts(rows: pl.DataFrame, today: date) -> Chart | None:
    """Retention by cohort and weeks since; a week in which nobody came back is zero, one that is not over is pale."""
    filled = _filled(rows, today)
    if filled.is_empty():
        return None
    base = alt.Chart(filled).encode(
        x=alt.X("weeks_since:O", axis=alt.Axis(title="weeks since the first order", orient="top", labelAngle=0)),
        y=alt.Y("cohort:O", axis=alt.Axis(title="week of first order")),
        opacity=alt.condition("datum.over", alt.value(1), alt.value(0.45)),
        tooltip=[
            alt.Tooltip("cohort:O", title="first order in the week of"),
            parts.count("weeks_since", "weeks since"),
            parts.count("cohort_users", "people of the cohort"),
            parts.count("active_users", "of them ordered"),
            alt.Tooltip("retention:Q", title="percent", format=".1f"),
            alt.Tooltip("over:N", title="week is over"),
        ],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "retention:Q", legend=alt.Legend(title="percent who ordered again", orient="bottom", titleLimit=300)
        )
    )
    return cells.properties(height=alt.Step(32))


def _filled(rows: pl.DataFrame, today: date) -> pl.DataFrame:
    sizes = rows.select("cohort_week", "cohort_users").unique().sort("cohort_week").tail(MOST_WEEKS)
    known = {
        (week, since): (active, float(retention))
        for week, since, active, retention in rows.select(
            "cohort_week", "weeks_since", "active_users", "retention"
        ).iter_rows()
    }
    cells = [
        (str(week), since, users, *known.get((week, since), (0, 0.0)), week + timedelta(weeks=since + 1) <= today)
        for week, users in sizes.iter_rows()
        for since in range(1, min(MOST_WEEKS, (today - week).days // 7) + 1)
    ]
    names = ["cohort", "weeks_since", "cohort_users", "active_users", "retention", "over"]
    return pl.DataFrame(cells, schema=names, orient="row")


def new_and_returning(rows: pl.DataFrame, days: Days) -> Chart:
    names = {"returning_users": "returning", "new_users": "new"}
    daily = parts.each_day(rows.select("date", *names), days)
    long = daily.rename(names).unpivot(list(names.values()), index="date", variable_name="kind", value_name="people")
    return (
        alt.Chart(parts.dated(long))
        .mark_bar()
        .encode(
            x=parts.by_day(),
            y=parts.amount("people", "people"),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(names.values())),
                legend=parts.legend(),
            ),
            tooltip=[parts.day(), alt.Tooltip("kind:N", title="people"), parts.count("people", "how many")],
        )
        .properties(height=parts.HEIGHT)
    )


def engagement(rows: pl.DataFrame) -> Chart:
    """Means of a day: a day without sessions has none."""
    names = {"clicks_per_session": "clicks per session", "orders_per_user": "orders per person"}
    long = (
        parts.plain(rows.select("date", *names))
        .rename(names)
        .unpivot(list(names.values()), index="date", variable_name="mean", value_name="value")
        .drop_nulls()
    )
    return (
        alt.Chart(parts.dated(long))
        .mark_line(point=rows.height < 60, strokeWidth=2)
        .encode(
            x=parts.by_day(),
            y=alt.Y("value:Q", axis=alt.Axis(title="mean of a day")),
            color=alt.Color("mean:N", legend=parts.legend()),
            tooltip=[
                parts.day(),
                alt.Tooltip("mean:N", title="mean"),
                alt.Tooltip("value:Q", title="value", format=".2f"),
            ],
        )
        .properties(height=parts.HEIGHT)
    )


def sessions(rows: pl.DataFrame, days: Days) -> Chart:
    names = ["active people", "sessions"]
    daily = parts.each_day(rows.select("date", pl.col("active_users").alias(names[0]), "sessions"), days)
    long = daily.unpivot(names, index="date", variable_name="kind", value_name="value")
    return (
        alt.Chart(parts.dated(long))
        .mark_line(point=days.count < 60, strokeWidth=2)
        .encode(
            x=parts.by_day(),
            y=parts.amount("value", "people, sessions"),
            color=alt.Color("kind:N", scale=alt.Scale(domain=names), legend=parts.legend()),
            tooltip=[parts.day(), alt.Tooltip("kind:N", title="of"), parts.count("value", "how many")],
        )
        .properties(height=parts.HEIGHT)
    )
