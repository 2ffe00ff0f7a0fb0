"""What charts are made of: axes with units, and rows as charts take them."""

import altair as alt
import polars as pl
from polars import selectors

from flowguard.dashboard.filters import Days

Chart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart
WHOLE = ",.0f"
HEIGHT = 280
MOST_NAMES = 8
OTHERS = "others"
SECOND = "#e07b2f"
"""A colour that can be read on light and dark, for what has to stand out."""
MUTED = "#8a94a3"


def plain(rows: pl.DataFrame) -> pl.DataFrame:
    """Decimals as floats: a chart has no more digits."""
    return rows.with_columns(selectors.decimal().cast(pl.Float64))


def each_day(rows: pl.DataFrame, days: Days) -> pl.DataFrame:
    """A row for each day; what has none is zero. ``rows`` has columns ``date`` and figures."""
    calendar = pl.DataFrame({"date": list(days)}, schema={"date": pl.Date})
    return calendar.join(rows, on="date", how="left").sort("date").with_columns(selectors.numeric().fill_null(0))


def few_names(rows: pl.DataFrame, by: str, name: str = "category") -> pl.DataFrame:
    """The largest ones by name, the rest under one name: more colours cannot be told apart."""
    largest = rows.group_by(name).agg(pl.col(by).sum()).sort(by, name, descending=[True, False]).head(MOST_NAMES - 1)
    kept = pl.col(name).is_in(largest[name].implode())
    return rows.with_columns(pl.when(kept).then(name).otherwise(pl.lit(OTHERS)).alias(name))


def by_day(field: str = "date") -> alt.X:
    """A day is a column, not an instant, so no time zone can move it. Its labels are the few that fit."""
    label = "timeFormat(toDate(datum.value + 'T12:00'), '%-d %b')"
    return alt.X(f"{field}:O", axis=alt.Axis(title="day (UTC)", labelExpr=label, labelOverlap="parity", labelAngle=0))


def by_hour(field: str = "hour") -> alt.X:
    return alt.X(f"{field}:O", axis=alt.Axis(title="hour (UTC)", labelAngle=0, labelOverlap="greedy"))


def amount(field: str, title: str, **others: object) -> alt.Y:
    axis = alt.Axis(title=title, format=WHOLE, tickMinStep=1)
    return alt.Y(f"{field}:Q", axis=axis, **others)  # type: ignore[arg-type]


def money(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=title, format=",.2f")


def count(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=title, format=WHOLE)


def day(field: str = "date") -> alt.Tooltip:
    return alt.Tooltip(f"{field}:O", title="day")


def dated(rows: pl.DataFrame, column: str = "date") -> pl.DataFrame:
    """Days as texts, for `by_day`."""
    return rows.with_columns(pl.col(column).cast(pl.String))


def legend(columns: int = 0) -> alt.Legend:
    """``columns``: how many names stand beside each other, where all of them would be too wide for a phone."""
    return alt.Legend(title=None, orient="top", labelLimit=320, columns=columns)
