"""The charts, as SVG drawn by Vega-Lite. Colours are the page's CSS variables, so they follow it into the dark."""

import re
from collections.abc import Sequence
from typing import Any

from flowguard.report import words
from flowguard.report.figures import WEEK, Converter, Figures

Spec = dict[str, Any]
WIDE, NARROW = 900, 420
_LOW, _HIGH = 230, 300
_ROW = 34
_MUTED, _INK, _ACCENT, _SECOND = "var(--muted)", "var(--ink)", "var(--accent)", "var(--second)"
_CONFIG: Spec = {
    "aria": False,  # a chart is one picture with one description; its figures are in a table beside it
    "font": "inherit",
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "gridColor": "var(--line)",
        "labelColor": _MUTED,
        "titleColor": _MUTED,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelPadding": 6,
        "titlePadding": 8,
    },
    "legend": {"labelColor": _INK, "labelFontSize": 13, "orient": "top", "title": None, "padding": 0, "offset": 10},
}


def revenue(figures: Figures, width: int) -> str:
    """Revenue by day: each column is the gross revenue, its upper part what was refunded."""
    trend = figures.trend
    values = [
        {"day": words.month_day(day.date), "part": part, "revenue": float(revenue), "order": order}
        for day in trend
        for order, (part, revenue) in enumerate((("net", day.net_revenue), ("refunded", day.refunded_revenue)))
    ]
    weekly = [words.month_day(day.date) for day in reversed(trend[::-1][::7])]
    this_day = f"datum.day === '{words.month_day(figures.day)}'"
    column = {"type": "bar", "width": {"band": 0.72}}
    money = _axis(figures.currency, format=",.0f", tickMinStep=1)
    return _svg(
        {
            "width": width,
            "height": _LOW,
            "data": {"values": values},
            "encoding": {
                "x": {"field": "day", "sort": None, "axis": _axis("day (UTC)", values=weekly, grid=False)},
                "y": {"field": "revenue", "type": "quantitative", "axis": money},
                "order": {"field": "order"},
            },
            "layer": [
                {"mark": column | {"color": "var(--card)"}},  # so that no grid shines through the pale ones
                {
                    "mark": column,
                    "encoding": {
                        "color": _colours(["net", "refunded"], "part"),
                        "opacity": {"condition": {"test": this_day, "value": 1}, "value": 0.6},
                    },
                },
            ],
        }
    )


def orders_by_hour(figures: Figures) -> str:
    """Orders by hour of the day, and as a line those of the same weekday a week ago, where there is one."""
    now, then = figures.hours
    names = [words.short_day(figures.day), words.short_day(figures.day - WEEK)]
    layers = [_hours(now, names[0], {"type": "bar", "width": {"band": 0.72}})]
    if figures.at(figures.day - WEEK) is not None:
        layers.append(_hours(then, names[1], {"type": "line", "strokeWidth": 2, "interpolate": "monotone"}))
    else:
        del names[1]
    hours = [f"{hour:02d}" for hour in range(0, 24, 3)]
    return _svg(
        {
            "width": NARROW,
            "height": _HIGH,
            "encoding": {
                "x": {"field": "hour", "axis": _axis("hour (UTC)", values=hours, grid=False)},
                "y": {"field": "orders", "type": "quantitative", "axis": _axis("orders", tickMinStep=1)},
                "color": _colours(names),
            },
            "layer": layers,
        }
    )


def conversion(categories: Sequence[Converter]) -> str:
    """Clicks that became orders, by category; a line shows which rates so many clicks make credible."""
    values = [
        {"name": name, "rate": float(of.rate), "low": of.low, "high": of.high, "text": words.rate(of.rate)}
        for name, of in zip(_short([of.name for of in categories]), categories, strict=True)
    ]
    return _svg(
        {
            "width": NARROW,
            "height": {"step": _ROW},
            "data": {"values": values},
            "encoding": {"y": {"field": "name", "sort": None, "axis": _axis(None, grid=False)}},
            "layer": [
                {
                    "mark": {"type": "bar", "color": _ACCENT, "height": {"band": 0.6}},
                    "encoding": {
                        "x": {
                            "field": "rate",
                            "type": "quantitative",
                            "axis": _axis("percent of clicks that became orders", tickCount=4),
                        }
                    },
                },
                {
                    "mark": {"type": "rule", "color": _INK, "strokeWidth": 1.5, "opacity": 0.7},
                    "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "text", "align": "left", "dx": 6, "color": _INK, "fontSize": 13},
                    "encoding": {"x": {"field": "high", "type": "quantitative"}, "text": {"field": "text"}},
                },
            ],
        }
    )


def _hours(orders: Sequence[int], name: str, mark: Spec) -> Spec:
    values = [{"hour": f"{hour:02d}", "orders": count} for hour, count in enumerate(orders)]
    return {"data": {"values": values}, "mark": mark, "encoding": {"color": {"datum": name}}}


def _axis(title: str | None, **others: object) -> Spec:
    return {"title": title, "labelAngle": 0, "labelOverlap": False, "tickCount": 5, **others}


def _colours(domain: Sequence[str], field: str | None = None) -> Spec:
    scale = {"domain": list(domain), "range": [_ACCENT, _SECOND][: len(domain)]}
    return {"scale": scale} | ({"field": field} if field else {})


def _short(names: Sequence[str], most: int = 16) -> list[str]:
    """Names that fit beside a chart. Those that look the same when cut are told apart by invisible characters."""
    cut = [name if len(name) <= most else f"{name[: most - 1]}…" for name in names]
    return [name + "\u200b" * cut[:place].count(name) for place, name in enumerate(cut)]


def _svg(spec: Spec) -> str:
    """The picture, as wide as its place allows."""
    # Here, because it brings 80 MB that nothing else needs.
    import vl_convert

    fitted = {"autosize": {"type": "fit-x" if isinstance(spec["height"], dict) else "fit", "contains": "padding"}}
    drawn = vl_convert.vegalite_to_svg({**fitted, **spec, "config": _CONFIG, "background": None})
    return re.sub(r' xmlns(:xlink)?="[^"]*"| version="1.1"', "", drawn)
