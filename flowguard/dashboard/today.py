"""Today beside yesterday and the same weekday a week ago, as far as today has come: like is compared with like."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import streamlit as st

from flowguard.dashboard import source
from flowguard.dashboard.filters import DAY, Days, Filters
from flowguard.dashboard.panel import marks
from flowguard.dashboard.queries.sales import DAILY, HOURS
from flowguard.report import words
from flowguard.report.change import Change, change
from flowguard.report.figures import WEEK


@dataclass(frozen=True)
class Figure:
    """Of today so far. The comparisons are of the hours of today that are over."""

    name: str
    value: str
    against_yesterday: Change | None
    against_last_week: Change | None


def tiles(filters: Filters, currency: str) -> None:
    now = source.now()
    week = Days(now.date() - WEEK, now.date())
    with st.container(border=True, key="panel_today"):
        st.markdown(f"#### Today until {now:%H:%M} UTC")
        marks(HOURS.tables | DAILY.tables, week, filters)
        found = figures(source.ask(HOURS, week), source.ask(DAILY, week), now, currency)
        with st.container(horizontal=True):
            for figure in found:
                _tile(figure)
        st.caption(
            f"Compared with yesterday and with {now.date() - WEEK:%A} a week ago, each until {now.hour:02d}:00 UTC."
            if now.hour
            else "Comparisons begin with the first whole hour of the day."
        )


def figures(hours: pl.DataFrame, daily: pl.DataFrame, now: datetime, currency: str) -> list[Figure]:
    today = now.date()
    of_day = daily.filter(pl.col("date") == today).to_dicts()
    row = of_day[0] if of_day else {}
    revenue = row.get("total_revenue") or Decimal(0)
    return [
        Figure("Orders", words.number(row.get("total_orders") or 0), *_changes(hours, "total_orders", now)),
        Figure("Revenue", words.money(revenue, currency), *_changes(hours, "total_revenue", now)),
        Figure("Net revenue", words.money(row.get("net_revenue") or Decimal(0), currency), None, None),
        Figure("People who ordered", words.number(row.get("unique_users") or 0), None, None),
        Figure("Average order, one item", words.money(row["avg_order_value"], currency) if row else "–", None, None),
    ]


def _changes(hours: pl.DataFrame, column: str, now: datetime) -> tuple[Change | None, Change | None]:
    """None where the other day had no orders at all, or no hour of today is over."""
    today = now.date()
    so_far = _until(hours, column, today, now.hour)
    then = [
        _until(hours, column, day, now.hour) if now.hour and hours.filter(pl.col("date") == day).height else None
        for day in (today - DAY, today - WEEK)
    ]
    return change(so_far, then[0]), change(so_far, then[1])


def _until(hours: pl.DataFrame, column: str, day: date, hour: int) -> Decimal:
    rows = hours.filter((pl.col("date") == day) & (pl.col("hour") < hour))
    return Decimal(rows[column].sum() or 0)


def _tile(figure: Figure) -> None:
    yesterday, last_week = figure.against_yesterday, figure.against_last_week
    with st.container(width=215, gap="xxsmall"):
        st.metric(
            figure.name,
            figure.value,
            words.relative(yesterday).replace("−", "-") if yesterday else None,
            delta_description="vs yesterday" if yesterday else None,
            delta_color="off" if yesterday and not yesterday.difference else "normal",
            delta_arrow="off" if yesterday and not yesterday.difference else "auto",
        )
        if last_week:
            st.caption(f"{words.relative(last_week)} vs a week ago")
