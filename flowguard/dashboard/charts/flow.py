"""Charts of what came in and where it went."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import polars as pl

from flowguard.dashboard.charts import parts
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.charts.sankey import Link, Node, sankey
from flowguard.dashboard.filters import Days
from flowguard.report.words import number

MINUTES = 60
_KINDS = ("topic", "kept", "aside", "refused", "lost")
_COLOURS = ("#4a80d5", "#2e9a5c", "#8a94a3", "#e07b2f", "#d0453b")


def per_minute(rows: pl.DataFrame, now: datetime) -> Chart | None:
    """Events of the last hour by the minute in which they were taken in; a minute without is zero. The scale shows a
    few beside a backlog of millions."""
    this_minute = now.replace(second=0, microsecond=0)
    minutes = pl.DataFrame({"minute": [this_minute - timedelta(minutes=ago) for ago in range(MINUTES, 0, -1)]})
    recent = rows.with_columns(pl.col("minute").cast(pl.Datetime("us"))).filter(
        pl.col("minute") >= minutes["minute"][0]
    )
    if recent.is_empty():
        return None
    topics = recent.select("topic").unique().sort("topic")
    whole = (
        minutes.join(topics, how="cross")
        .join(recent, on=["minute", "topic"], how="left")
        .with_columns(pl.col("events").fill_null(0), pl.col("minute").dt.strftime("%H:%M"))
    )
    powers = [0, *(10**digits for digits in range(len(str(whole["events"].max()))))]
    return (
        alt.Chart(whole)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("minute:O", sort=None, axis=alt.Axis(title="minute (UTC)", labelOverlap="greedy", labelAngle=0)),
            y=alt.Y(
                "events:Q",
                scale=alt.Scale(type="symlog"),
                axis=alt.Axis(title="events a minute", format=parts.WHOLE, values=powers),
            ),
            color=alt.Color("topic:N", legend=parts.legend(columns=2)),
            tooltip=[
                alt.Tooltip("minute:O", title="minute"),
                alt.Tooltip("topic:N", title="topic"),
                parts.count("events", "events"),
            ],
        )
        .properties(height=parts.HEIGHT)
    )


def ledger(rows: pl.DataFrame, in_gold: Sequence[tuple[str, int | None]]) -> Chart | None:
    """From the topics to GOLD. Every count is of its own table; ``in_gold`` counts days of events, not of arrival."""
    sums = {name: int(rows[name].sum() or 0) for name in rows.columns if name not in ("topic", "balanced")}
    if not sums["offsets"]:
        return None
    targets = [
        Node("Bronze", 1, f"Bronze\n{number(sums['bronze_rows'])}", "kept"),
        *_some("quarantined", 1, sums["quarantined"], "refused"),
        *_some("skipped", 1, sums["skipped"], "aside"),
        *_some("lost", 1, sums["lost"], "lost"),
        Node("SILVER", 2, f"SILVER\n{number(sums['silver_rows'])}", "kept"),
        *_some("duplicates", 2, sums["duplicates"], "aside"),
        *_some("rejected", 2, sums["rejected"], "refused"),
        Node("GOLD", 3, f"GOLD\n{number(sum(events or 0 for _, events in in_gold))}", "kept"),
    ]
    topics = [Node(row["topic"], 0, f"{row['topic']}\n{number(row['offsets'])}", "topic") for row in _rows(rows)]
    return sankey([*topics, *targets], _links(rows, sums), _KINDS, _COLOURS)


def refused_share(rows: pl.DataFrame, days: Days) -> Chart:
    daily = parts.each_day(rows, days).with_columns(
        percent=pl.when(pl.col("offsets") > 0).then(100 * pl.col("refused") / pl.col("offsets"))
    )
    return (
        alt.Chart(parts.dated(daily))
        .mark_bar(cornerRadiusEnd=2, color=parts.SECOND)
        .encode(
            x=parts.by_day().scale(domain=[str(day) for day in days]),  # those without records too
            y=alt.Y("percent:Q", axis=alt.Axis(title="percent of records")),
            tooltip=[
                parts.day(),
                parts.count("refused", "refused"),
                parts.count("offsets", "of"),
                alt.Tooltip("percent:Q", format=".2f"),
            ],
        )
        .properties(height=parts.HEIGHT)
    )


def rules(rows: pl.DataFrame) -> Chart:
    return (
        alt.Chart(rows.group_by("rule", "stage").agg(pl.col("entries").sum()))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("rule:N", sort="-x", axis=alt.Axis(title=None, labelLimit=150)),
            x=alt.X("entries:Q", axis=alt.Axis(title="records", format=parts.WHOLE, tickMinStep=1)),
            color=alt.Color("stage:N", legend=alt.Legend(title="refused at stage", orient="top", columns=2)),
            tooltip=[
                alt.Tooltip("rule:N", title="rule"),
                alt.Tooltip("stage:N", title="stage"),
                parts.count("entries", "records"),
            ],
        )
        .properties(height=alt.Step(26))
    )


def _rows(rows: pl.DataFrame) -> Sequence[dict[str, Any]]:
    return [row for row in rows.to_dicts() if row["offsets"]]


def _links(rows: pl.DataFrame, sums: dict[str, int]) -> list[Link]:
    names = {"bronze_rows": "Bronze", "quarantined": "quarantined", "skipped": "skipped", "lost": "lost"}
    ends = {"silver_rows": "SILVER", "duplicates": "duplicates", "rejected": "rejected"}
    found = [Link(row["topic"], target, row[column]) for column, target in names.items() for row in _rows(rows)]
    found += [Link("Bronze", target, sums[column]) for column, target in ends.items()]
    found.append(Link("SILVER", "GOLD", sums["silver_rows"]))
    return [link for link in found if link.events]


def _some(name: str, column: int, events: int, kind: str) -> list[Node]:
    return [Node(name, column, f"{name}\n{number(events)}", kind)] if events else []
