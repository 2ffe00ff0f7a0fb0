"""Charts of what was sold."""

import altair as alt
import polars as pl

from flowguard.dashboard.charts import parts
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.filters import Days

MOST_SELLERS = 12
_HIGH = 440
"""Of columns with a legend of many lines below them."""
NAMES = ["these days", "the days before"]


def per_day(rows: pl.DataFrame, days: Days, column: str, title: str) -> Chart | None:
    """A column for each day, and as a line the day that is as long ago as there are days, where there were any then."""
    daily = rows.group_by("date").agg(pl.col(column).sum())
    if not daily.filter(pl.col("date") >= days.first).height:
        return None
    compared = daily.filter(pl.col("date") < days.first).height > 0
    now = parts.each_day(daily, days).with_columns(of=pl.col("date").cast(pl.String), when=pl.lit(NAMES[0]))
    layers = [_by_day(now, column, title, compared).mark_bar(cornerRadiusEnd=2)]
    if compared:
        before = parts.each_day(daily, days.before)
        then = before.with_columns(date=now["date"], of=pl.col("date").cast(pl.String), when=pl.lit(NAMES[1]))
        known = then.filter(pl.col("of") >= str(daily["date"].min()))  # before the first day of all is not zero
        layers.append(_by_day(known, column, title, compared).mark_line(strokeWidth=2, point=known.height < 2))
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
            x=alt.X("revenue:Q", axis=alt.Axis(title=f"revenue, {currency}", format=parts.WHOLE)),
            y=alt.Y("item_name:N", sort=None, axis=alt.Axis(title=None, labelLimit=150)),
            color=alt.Color(
                "category:N",
                scale=alt.Scale(domain=rows["category"].unique().sort().to_list()),  # as in the chart beside it
                legend=alt.Legend(title=None, orient="bottom", columns=2),  # fits a phone
            ),
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
            color=alt.Color("category:N", legend=alt.Legend(title=None, orient="bottom", columns=3)),
            tooltip=[
                parts.day(),
                alt.Tooltip("category:N", title="category"),
                parts.count("orders", "orders"),
                parts.money("revenue", f"revenue, {currency}"),
            ],
        )
        .properties(height=_HIGH)
    )


def _by_day(rows: pl.DataFrame, column: str, title: str, compared: bool) -> alt.Chart:
    legend = parts.legend() if compared else None
    return alt.Chart(parts.dated(parts.plain(rows))).encode(
        x=parts.by_day(),
        y=parts.amount(column, title),
        color=alt.Color("when:N", scale=alt.Scale(domain=NAMES), legend=legend),
        tooltip=[parts.day("of"), alt.Tooltip("when:N", title="of"), parts.count(column, title)],
    )
