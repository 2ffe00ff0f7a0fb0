"""A flow diagram: bands as wide as what flows in them, from column to column. Vega-Lite has none, but it has areas."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import polars as pl

from flowguard.dashboard.charts.parts import WHOLE, Chart

_STEPS = 24
_NODE_WIDTH = 0.035
_GAP = 0.1
"""Between nodes of a column, as a share of the height."""
_THINNEST = 0.006
"""So that a single event can be seen."""


class Node(NamedTuple):
    """``label`` is what people read, in lines that fit a phone; ``kind`` tells its colour."""

    name: str
    column: int
    label: str
    kind: str


class Link(NamedTuple):
    source: str
    target: str
    events: int


def sankey(nodes: Sequence[Node], links: Sequence[Link], kinds: Sequence[str], colours: Sequence[str]) -> Chart:
    """``kinds`` and ``colours`` in the same order. Nodes of a column stand from top to bottom as they are given."""
    layout = _layout(nodes, links)
    columns = 1 + max(node.column for node in nodes)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, columns - 0.15], nice=False))
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=list(colours)), legend=None)
    bands = (
        alt.Chart(pl.DataFrame(_bands(nodes, links, layout)))
        .mark_area(opacity=0.35)
        .encode(
            x=x,
            y=alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[-0.09, 1.02], reverse=True, nice=False)),
            y2="bottom:Q",
            detail="link:N",
            color=colour,
            tooltip=[alt.Tooltip("link:N", title="flow"), alt.Tooltip("events:Q", format=WHOLE)],
        )
    )
    drawn = pl.DataFrame(
        [(n.column, n.column + _NODE_WIDTH, *layout.boxes[n.name], n.label, n.kind) for n in nodes],
        schema=["x", "right", "top", "bottom", "label", "kind"],
        orient="row",
    )
    base = alt.Chart(drawn)
    bars = base.mark_rect().encode(x=x, x2="right:Q", y="top:Q", y2="bottom:Q", color=colour, tooltip="label:N")
    # The first of two lines is placed, the second is 14 below it.
    words = base.mark_text(align="left", baseline="bottom", lineBreak="\n", dy=-17, fontSize=12)
    texts = words.encode(x=x, y="top:Q", text="label:N")
    return alt.layer(bands, bars, texts).properties(height=400)


class _Layout(NamedTuple):
    """``boxes``: top and bottom of each node, from 0 to 1. ``scale``: the height of one event."""

    boxes: dict[str, tuple[float, float]]
    scale: float

    def thickness(self, events: int) -> float:
        return max(events * self.scale, _THINNEST)


def _layout(nodes: Sequence[Node], links: Sequence[Link]) -> _Layout:
    """A node is as high as the larger of what comes and what goes."""
    comes, goes = Counter[str](), Counter[str]()
    columns: dict[int, list[str]] = defaultdict(list)
    for link in links:
        goes[link.source] += link.events
        comes[link.target] += link.events
    for node in nodes:
        columns[node.column].append(node.name)
    size = {node.name: max(comes[node.name], goes[node.name]) for node in nodes}
    tallest = max(sum(size[name] for name in names) for names in columns.values())
    room = 1 - _GAP * (max(map(len, columns.values())) - 1)
    layout = _Layout({}, room / max(tallest, 1))
    for names in columns.values():
        top = 0.0
        for name in names:
            layout.boxes[name] = (top, top + layout.thickness(size[name]))
            top = layout.boxes[name][1] + _GAP
    return layout


def _bands(nodes: Sequence[Node], links: Sequence[Link], layout: _Layout) -> list[dict[str, object]]:
    """Points along each band, with its upper and lower edge."""
    by_name = {node.name: node for node in nodes}
    comes_at = {name: top for name, (top, _) in layout.boxes.items()}
    goes_at = dict(comes_at)
    points: list[dict[str, object]] = []
    for link in links:
        source, target, thickness = by_name[link.source], by_name[link.target], layout.thickness(link.events)
        start, end = goes_at[link.source], comes_at[link.target]
        goes_at[link.source] += thickness
        comes_at[link.target] += thickness
        for step in range(_STEPS + 1):
            share = step / _STEPS
            top = start + (end - start) * share * share * (3 - 2 * share)
            points.append(
                {
                    "x": source.column + _NODE_WIDTH + share * (target.column - source.column - _NODE_WIDTH),
                    "top": top,
                    "bottom": top + thickness,
                    "link": f"{link.source} → {link.target}",
                    "kind": target.kind,
                    "events": link.events,
                }
            )
    return points
