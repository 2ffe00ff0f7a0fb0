"""A report in words: one HTML page that needs nothing else, and a Markdown text."""

import re
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flowguard.report import charts, sentences, words
from flowguard.report.converters import FEWEST_CLICKS, best_and_worst
from flowguard.report.figures import WEEK, Figures
from flowguard.report.summary import headline, tiles

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~&#])")


@dataclass(frozen=True)
class Report:
    """A report on a UTC day."""

    figures: Figures
    headline: str
    html: str
    markdown: str


def render(figures: Figures) -> Report:
    """Put a day into words and charts."""
    said = _said(figures)
    pictures = _pictures(figures)
    html = _HTML.get_template("page.html").render(**said, pictures=pictures)
    return Report(figures, said["headline"], html, _TEXT.get_template("text.md").render(**said))


def _said(figures: Figures) -> dict[str, Any]:
    best, worst = best_and_worst(figures.dishes)
    totals = figures.totals
    return {
        "figures": figures,
        "totals": totals,
        "headline": headline(figures),
        "tiles": tiles(figures, totals) if totals else [],
        "fewest_clicks": FEWEST_CLICKS,
        "best": best,
        "worst": worst,
        "week_ago": figures.day - WEEK if figures.at(figures.day - WEEK) else None,
        "sentences": sentences,
        "words": words,
    }


def _pictures(figures: Figures) -> dict[str, Markup]:
    """The charts that have something to show. They are markup of our own, in which names are escaped already."""
    drawn = {}
    if figures.trend:
        drawn["revenue_wide"] = charts.revenue(figures, charts.WIDE)
        drawn["revenue_narrow"] = charts.revenue(figures, charts.NARROW)
    if figures.totals and figures.totals.orders:
        drawn["hours"] = charts.orders_by_hour(figures)
    if figures.categories:
        drawn["conversion"] = charts.conversion(figures.categories)
    return {name: Markup(svg) for name, svg in drawn.items()}


def _plain(text: object) -> str:
    """Text that Markdown shows as it is, in one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("flowguard.report"),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    return environment


_HTML, _TEXT = _environment(html=True), _environment(html=False)
