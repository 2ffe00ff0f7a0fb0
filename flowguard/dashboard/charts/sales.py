"""Charts of what was sold."""

import altair as alt
import polars as pl

from flowguard.dashboard.charts import parts
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.filters import Days

MOST_SELLERS = 12


def per_day(rows: pl.DataFrame, days: Days, column: str, title: str) -> Chart | None:
    """A column for each day, and as a line the day that is as long ago as there are days, where there were any then."""
    daily = rows.group_by("date").agg(pl.col(column).sum())
    now = parts.each_day(daily, days)
    if not daily.filter(pl.col("date") >= days.first).height:
        return None
    before = parts.each_day(daily, days.before)
    both = parts.dated(parts.plain(now.with_columns(before=before[column], day_before=before["date"].cast(pl.String))))
    names = ["these days", "the days before"]
    base = alt.Chart(both).encode(
        x=parts.by_day(),
        tooltip=[parts.day(), parts.count(column, title), parts.day("day_before"), parts.count("before", title)],
    )
    layers = [_named(base.mark_bar(cornerRadiusEnd=2), column, title, names[0], names)]
    if daily.filter(pl.col("date") < days.first).height:
        line = base.mark_line(strokeWidth=2, point=days.count < 2, interpolate="monotone")
        layers.append(_named(line, "before", title, names[1], names))
    return alt.layer(*layers).properties(height=parts.HEIGHT)


def by_hour(rows: pl.DataFrame, days: Days) -> Chart:
    """The mean of a day, for each hour of it."""
    hours = pl.DataFrame({"hour": range(24)}, schema={"hour": pl.Int64})
    whole = hours.join(rows.with_columns(pl.col("hour").cast(pl.Int64)), on="hour", how="left").with_columns(
        pl.col("orders").fill_null(0), mean=pl.col("orders").fill_null(0) / days.count
    )
    return (
        alt.Chart(whole.select("hour", "orders", "mean"))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=parts.by_hour(),
            y=parts.amount("mean", "orders, mean of a day" if days.count > 1 else "orders"),
            tooltip=[
                alt.Tooltip("hour:O", title="hour"),
                parts.count("orders", "orders"),
                alt.Tooltip("mean:Q", title="mean of a day", format=",.1f"),
            ],
        )
        .properties(height=parts.HEIGHT)
    )


def sellers(rows: pl.DataFrame, currency: str) -> Chart:
    best = parts.plain(
        rows.sort("last_day")
        .group_by("item_id")
        .agg(pl.col("item_name", "category").last(), pl.col("orders", "revenue").sum())
        .sort("revenue", "item_id", descending=[True, False])
        .head(MOST_SELLERS)
    )
    return (
        alt.Chart(best)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("revenue:Q", axis=alt.Axis(title=f"revenue, {currency}", format="~s")),
            y=alt.Y("item_name:N", sort=None, axis=alt.Axis(title=None, labelLimit=150)),
            color=alt.Color("category:N", legend=alt.Legend(title=None, orient="bottom", columns=4)),
            tooltip=[
                alt.Tooltip("item_name:N", title="dish"),
                alt.Tooltip("category:N", title="category"),
                parts.count("orders", "orders"),
                parts.money("revenue", f"revenue, {currency}"),
            ],
        )
        .properties(height=alt.Step(26))
    )


def categories(rows: pl.DataFrame, days: Days, currency: str) -> Chart:
    """Columns of days, parted by category."""
    few = parts.few_names(rows, "revenue").group_by("date", "category").agg(pl.col("orders", "revenue").sum())
    return (
        alt.Chart(parts.dated(parts.plain(few.sort("date", "category"))))
        .mark_bar()
        .encode(
            x=parts.by_day().scale(domain=[str(day) for day in days]),
            y=parts.amount("revenue", f"revenue, {currency}"),
            color=alt.Color("category:N", legend=alt.Legend(title=None, orient="bottom", columns=4)),
            tooltip=[
                parts.day(),
                alt.Tooltip("category:N", title="category"),
                parts.count("orders", "orders"),
                parts.money("revenue", f"revenue, {currency}"),
            ],
        )
        .properties(height=parts.HEIGHT)
    )


def _named(chart: alt.Chart, column: str, title: str, name: str, names: list[str]) -> alt.Chart:
    legend = alt.Legend(title=None, orient="top")
    return chart.encode(
        y=parts.amount(column, title),
        color=alt.datum(name, type="nominal", scale=alt.Scale(domain=names), legend=legend),
    )
