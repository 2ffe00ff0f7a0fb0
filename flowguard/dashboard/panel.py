"""A panel: a chart with its title, how far it can be trusted, why it says what it says, and its rows to take away."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from typing import Any

import polars as pl
import streamlit as st

from flowguard.dashboard import source
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.filters import Days, Filters
from flowguard.dashboard.query import Query
from flowguard.dashboard.state import state
from flowguard.dashboard.style import chart_colours
from flowguard.dashboard.trust import Mark, Trust, trust
from flowguard.errors import FlowGuardError
from flowguard.models.exact import exact

Draw = Callable[[pl.DataFrame], Chart | None]
"""A chart of rows, of which there is at least one; None: there is nothing to draw."""
_COLOURS = {"good": "green", "warn": "orange", "bad": "red"}
_ICONS = {"good": ":material/check_circle:", "warn": ":material/warning:", "bad": ":material/error:"}


def panel(
    title: str,
    query: Query,
    filters: Filters,
    draw: Draw,
    *,
    explain: str,
    empty: str = "Nothing happened on these days.",
    days: Days | None = None,
) -> None:
    """``days``: those that are asked for, by default the chosen ones. A category filter that cannot be applied is
    said."""
    asked = days or filters.days
    with titled(title):
        rows = filters.chosen(source.ask(query, asked))
        told = marks(query.tables, asked, filters, "category" in rows.columns)
        chart = None if rows.is_empty() else draw(rows)
        if chart is None and told.behind:
            st.info("The figures of these days are being computed.", icon=":material/hourglass_top:")
        elif chart is None:
            st.info(empty, icon=":material/inbox:")
        else:
            st.altair_chart(
                chart.configure(**chart_colours()),
                key=f"{_key(title)}_chart",
                alt=f"{title}, {asked}, UTC. {explain}",
            )
        _details(title, query, asked, filters, rows, explain)


@contextmanager
def titled(title: str) -> Iterator[None]:
    """A frame with a title. What cannot be asked inside is said inside."""
    with st.container(border=True, key=f"panel_{_key(title)}"):
        st.markdown(f"#### {title}")
        try:
            yield
        except FlowGuardError as error:
            st.error(f"This cannot be asked: {error}", icon=":material/cloud_off:")


def marks(tables: Collection[str], days: Days, filters: Filters, by_category: bool = False) -> Trust:
    """Says how far what is computed from these tables can be trusted."""
    told = trust(state(), tables, days)
    parts = [badge(told.freshness), badge(told.checks)]
    if filters.categories and not by_category:
        parts.append(":gray-badge[:material/filter_alt_off: All categories]")
    st.markdown(" ".join(parts), help=_failures(told))
    return told


def badge(mark: Mark) -> str:
    return f":{_COLOURS[mark.level]}-badge[{_ICONS[mark.level]} {mark.text}]"


def _failures(told: Trust) -> str | None:
    return (
        "  \n".join(
            f"{f.table}: {f.check}, {f.rows} row{'s' * (f.rows != 1)}{f' of {f.day}' if f.day else ''}"
            f"{' (overridden)' * f.overridden}"
            for f in told.failing[:10]
        )
        or None
    )


def _details(title: str, query: Query, days: Days, filters: Filters, rows: pl.DataFrame, explain: str) -> None:
    with st.expander("What it says, SQL, download", icon=":material/info:", key=f"{_key(title)}_about"):
        st.markdown(explain)
        st.code(query.text(days), language="sql", wrap_lines=True)
        if filters.categories and "category" in rows.columns:
            st.caption(f"Of these rows, those of {len(filters.categories)} chosen categories.")
        with st.container(horizontal=True):
            name = f"{_key(title)}_{days.first}_{days.last}"
            _download("CSV", rows, name, csv, "text/csv")
            _download("Parquet", rows, name, parquet, "application/vnd.apache.parquet")


def _download(label: str, rows: pl.DataFrame, name: str, write: Callable[[pl.DataFrame], bytes], mime: str) -> None:
    st.download_button(
        label,
        lambda: write(rows),  # only when it is asked for
        f"{name}.{label.lower()}",
        mime,
        key=f"{name.rsplit('_', 2)[0]}_{label}",
        icon=":material/download:",
        on_click="ignore",
    )


def csv(rows: pl.DataFrame) -> bytes:
    """With a header; decimals exact, times end in Z."""
    return exact(rows).write_csv().encode()


def parquet(rows: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    rows.write_parquet(buffer)
    return buffer.getvalue()


def table(rows: pl.DataFrame, title: str, **columns: Any) -> None:
    """Rows as a table. ``columns``: names, or Streamlit's configuration of them."""
    st.dataframe(rows, hide_index=True, key=_key(title), alt=title, column_config=columns)


def _key(title: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in title.lower())


def day_text(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
