"""Charts of what was seen and clicked, and of what became of it."""

import altair as alt
import polars as pl

from flowguard.dashboard.charts import parts
from flowguard.dashboard.charts.parts import Chart
from flowguard.dashboard.filters import Days
from flowguard.report.converters import FEWEST_CLICKS, converter

_NAME_WIDTH, _NAME_HEIGHT = 0.11, 0.05
"""As shares of the chart."""
NO_CLICK = "no click"
FEW_SECONDS = 300
MODELS = {"last_click": "last click", "first_click": "first click"}


def heatmap(rows: pl.DataFrame) -> Chart:
    height = alt.Step(30)
    return (
        alt.Chart(rows)
        .mark_rect(cornerRadius=2)
        .encode(
            x=parts.by_hour().scale(domain=list(range(24))),
            y=alt.Y("category:N", axis=alt.Axis(title=None)),
            color=alt.Color("clicks:Q", legend=alt.Legend(title="clicks", orient="top", format=parts.WHOLE)),
            tooltip=[
                alt.Tooltip("category:N", title="category"),
                alt.Tooltip("hour:O", title="hour (UTC)"),
                parts.count("clicks", "clicks"),
                parts.count("impressions", "impressions"),
            ],
        )
        .properties(height=height)
    )


def seen_and_clicked(rows: pl.DataFrame, days: Days) -> Chart:
    """Clicks are some of the impressions, so their columns stand before one another, not upon."""
    daily = parts.each_day(rows.group_by("date").agg(pl.col("impressions", "clicks").sum()), days)
    long = daily.unpivot(["impressions", "clicks"], index="date", variable_name="kind", value_name="events")
    return (
        alt.Chart(parts.dated(long))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=parts.by_day(),
            y=parts.amount("events", "events", stack=None),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=["impressions", "clicks"]),
                legend=parts.legend(),
            ),
            opacity=alt.condition("datum.kind === 'clicks'", alt.value(1), alt.value(0.4)),
            tooltip=[parts.day(), alt.Tooltip("kind:N", title="events"), parts.count("events", "how many")],
        )
        .properties(height=parts.HEIGHT)
    )


def ctr(rows: pl.DataFrame) -> Chart | None:
    """A line of percent. Days on which nothing was seen have no rate, so the line has a gap."""
    daily = rows.group_by("date").agg(pl.col("impressions", "clicks", "converted_clicks").sum()).sort("date")
    rates = daily.select(
        "date",
        pl.when(pl.col("impressions") > 0).then(100 * pl.col("clicks") / pl.col("impressions")).alias("click-through"),
        pl.when(pl.col("clicks") > 0)
        .then(100 * pl.col("converted_clicks") / pl.col("clicks"))
        .alias("clicks that became orders"),
    )
    long = rates.unpivot(index="date", variable_name="rate", value_name="percent").drop_nulls()
    if long.is_empty():
        return None
    return (
        alt.Chart(parts.dated(long))
        .mark_line(point=daily.height < 60, strokeWidth=2)
        .encode(
            x=parts.by_day(),
            y=alt.Y("percent:Q", axis=alt.Axis(title="percent"), scale=alt.Scale(zero=True)),
            color=alt.Color("rate:N", legend=parts.legend(columns=1)),
            tooltip=[
                parts.day(),
                alt.Tooltip("rate:N", title="rate"),
                alt.Tooltip("percent:Q", title="percent", format=".2f"),
            ],
        )
        .properties(height=parts.HEIGHT)
    )


def conversion(rows: pl.DataFrame) -> Chart | None:
    """With a line that shows which rates so many clicks make credible."""
    clicked = rows.filter(pl.col("clicks") > 0)
    if clicked.is_empty():
        return None
    found = [converter(*row) for row in clicked.select("category", "clicks", "converted_clicks").iter_rows()]
    values = pl.DataFrame(
        [(c.name, c.clicks, c.converted_clicks, float(c.rate), c.low, c.high) for c in found],
        schema=["category", "clicks", "converted", "rate", "low", "high"],
        orient="row",
    )
    base = alt.Chart(values.sort("rate", descending=True)).encode(
        y=alt.Y("category:N", sort=None, axis=alt.Axis(title=None)),
        tooltip=[
            alt.Tooltip("category:N", title="category"),
            parts.count("clicks", "clicks"),
            parts.count("converted", "became orders"),
            alt.Tooltip("rate:Q", title="percent", format=".2f"),
            alt.Tooltip("low:Q", title="credible from", format=".2f"),
            alt.Tooltip("high:Q", title="to", format=".2f"),
        ],
    )
    title = "percent of clicks that became orders"
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.6}, opacity=0.7).encode(
            x=alt.X("rate:Q", axis=alt.Axis(title=title))
        ),
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q"),
    ).properties(height=alt.Step(34))


def many_clicks_few_orders(rows: pl.DataFrame) -> Chart | None:
    """Dishes by clicks and by how many of them became orders; the line is the mean of all. Those that surely convert
    worse than the mean, even at the upper end of what their clicks make credible, stand out."""
    dishes = (
        rows.sort("last_day")
        .group_by("item_id")
        .agg(pl.col("item_name", "category").last(), pl.col("clicks", "converted_clicks").sum())
        .filter(pl.col("clicks") > 0)
        .sort("clicks", "item_id", descending=[True, False])
    )
    if dishes.is_empty():
        return None
    mean = float(dishes["converted_clicks"].sum()) / float(dishes["clicks"].sum())
    worse = [
        clicks >= FEWEST_CLICKS and converter(name, clicks, converted).high < 100 * mean
        for name, clicks, converted in dishes.select("item_name", "clicks", "converted_clicks").iter_rows()
    ]
    kinds = ["fewer orders than its clicks promise", "as expected"]
    shown = dishes.with_columns(
        rate=100 * pl.col("converted_clicks") / pl.col("clicks"),
        kind=pl.Series([kinds[0] if is_worse else kinds[1] for is_worse in worse]),
        named=pl.Series(_room_for_names(dishes, worse)),
    )
    most = int(dishes["clicks"][0])
    line = alt.Chart(pl.DataFrame({"clicks": [0, most], "converted_clicks": [0.0, most * mean]})).mark_line(
        strokeDash=[5, 4], color=parts.MUTED, strokeWidth=1.5
    )
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[parts.SECOND, parts.MUTED]),
        legend=parts.legend(columns=1),
    )
    base = alt.Chart(shown).encode(
        x=alt.X("clicks:Q", axis=alt.Axis(title="clicks", format=parts.WHOLE)),
        y=alt.Y("converted_clicks:Q", axis=alt.Axis(title="clicks that became orders", format=parts.WHOLE)),
        tooltip=[
            alt.Tooltip("item_name:N", title="dish"),
            alt.Tooltip("category:N", title="category"),
            parts.count("clicks", "clicks"),
            parts.count("converted_clicks", "became orders"),
            alt.Tooltip("rate:Q", title="percent", format=".2f"),
        ],
    )
    names = base.mark_text(align="left", dx=8, fontSize=11, limit=110).encode(text="named:N")
    dots = base.mark_circle(size=90).encode(color=colour)
    return alt.layer(line.encode(x="clicks:Q", y="converted_clicks:Q"), dots, names).properties(height=380)


def models(rows: pl.DataFrame, currency: str) -> Chart:
    """Revenue by the category that was clicked, beside each other for the two models."""
    named = parts.plain(rows).with_columns(
        pl.col("category").fill_null(NO_CLICK), model=pl.col("model").replace(MODELS)
    )
    return (
        alt.Chart(named)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("category:N", axis=alt.Axis(title=None)),
            yOffset=alt.YOffset("model:N", sort=list(MODELS.values())),
            x=alt.X(
                "revenue:Q", axis=alt.Axis(title=f"attributed revenue, {currency}", format=parts.WHOLE, tickCount=6)
            ),
            color=alt.Color(
                "model:N",
                scale=alt.Scale(domain=list(MODELS.values())),
                legend=parts.legend(),
            ),
            tooltip=[
                alt.Tooltip("category:N", title="clicked"),
                alt.Tooltip("model:N", title="model"),
                parts.count("orders", "orders"),
                parts.money("revenue", f"revenue, {currency}"),
            ],
        )
        .properties(height=alt.Step(16))
    )


def time_to_order(rows: pl.DataFrame) -> Chart:
    """Columns of ten seconds, or of a minute where some orders took long."""
    longest = rows["seconds"].max()
    step, unit, size = (1, "seconds", 10) if longest < FEW_SECONDS else (60, "minutes", 60)  # type: ignore[operator]
    summed = (
        rows.group_by(pl.col("seconds") // size * size // step).agg(pl.col("orders").sum()).rename({"seconds": "time"})
    )
    whole = pl.DataFrame({"time": range(0, int(longest) // step + 1, size // step)})  # type: ignore[arg-type]
    filled = whole.join(summed.cast({"time": pl.Int64}), on="time", how="left").fill_null(0)
    axis = alt.Axis(title=f"{unit} from the click to the order", labelAngle=0, labelOverlap="parity")
    return (
        alt.Chart(filled)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("time:O", axis=axis),
            y=parts.amount("orders", "orders"),
            tooltip=[alt.Tooltip("time:O", title=f"{unit}, from"), parts.count("orders", "orders")],
        )
        .properties(height=parts.HEIGHT)
    )


def _room_for_names(dishes: pl.DataFrame, worse: list[bool]) -> list[str]:
    """The names that can be written beside their dots without covering each other; those that stand out first."""
    wide, high = dishes["clicks"].max(), dishes["converted_clicks"].max()
    written: list[tuple[float, float]] = []
    names = [""] * dishes.height
    places = dishes.select("item_name", "clicks", "converted_clicks").rows()
    for place in sorted(range(dishes.height), key=lambda number: (not worse[number], number)):
        name, clicks, converted = places[place]
        x, y = clicks / wide, converted / max(high, 1)  # type: ignore[type-var]
        if all(abs(x - other) > _NAME_WIDTH or abs(y - above) > _NAME_HEIGHT for other, above in written):
            written.append((x, y))
            names[place] = name
    return names
