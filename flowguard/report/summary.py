"""The figures that come first: each beside the day before and the same weekday a week ago."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from flowguard.report import words
from flowguard.report.change import Change, change
from flowguard.report.figures import DAY, WEEK, Figures, Totals

Value = Decimal | int | None


@dataclass(frozen=True)
class Comparison:
    """With another day: the change in percent, or of a rate in points; as an amount; and the other day's figure.

    ``trend`` is ``up``, ``down`` or ``same``; None where there is nothing to compare with, as ``change`` then says.
    ``good`` tells whether the change is what a shop hopes for; None if it is neither.
    """

    day: str
    change: str
    difference: str = ""
    then: str = ""
    trend: str | None = None
    good: bool | None = None

    @property
    def in_full(self) -> str:
        """``+10.3 % (+7 from 68)``."""
        return f"{self.change} ({f'{self.difference} from {self.then}'.strip()})" if self.trend else self.change


@dataclass(frozen=True)
class Tile:
    """One figure of the day."""

    label: str
    value: str
    note: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class _Kind:
    """How figures of a kind are told: by themselves, their change, and as amounts where differences are amounts too."""

    text: Callable[[Decimal | int], str]
    changed: Callable[[Change], str]
    amount: Callable[[Decimal | int], str] | None


@dataclass(frozen=True)
class _Figure:
    label: str
    kind: _Kind
    value: Callable[[Totals], Value]
    note: Callable[[Totals], str]
    more_is_good: bool = True

    def text(self, totals: Totals) -> str:
        value = self.value(totals)
        return "–" if value is None else self.kind.text(value)


def tiles(figures: Figures, totals: Totals) -> list[Tile]:
    """The day's figures, each compared with two other days."""
    return [
        Tile(
            figure.label,
            figure.text(totals),
            figure.note(totals),
            tuple(_compare(figures, figure, totals, ago) for ago in (DAY, WEEK)),
        )
        for figure in _figures(figures.currency)
    ]


def headline(figures: Figures) -> str:
    """The day in a sentence."""
    totals = figures.totals
    if totals is None:
        return "No order, impression or click is known of this day."
    told = f"{words.counted(totals.orders, 'order')}, {words.money(totals.gross_revenue, figures.currency)} gross"
    changes = [_in_words(figures, totals, ago, name) for ago, name in ((DAY, "the day before"), (WEEK, "a week ago"))]
    return ", ".join([told, *(text for text in changes if text)]) + "."


def _in_words(figures: Figures, totals: Totals, ago: timedelta, name: str) -> str:
    other = figures.at(figures.day - ago)
    found = change(totals.gross_revenue, other.gross_revenue if other else None)
    if found is None or found.percent is None:
        return ""
    return f"{words.relative(found)} on {name}" if found.difference else f"as much as {name}"


def _figures(currency: str) -> Iterator[_Figure]:
    money = _Kind(lambda value: words.money(Decimal(value), currency), words.relative, words.amount)
    count = _Kind(words.number, words.relative, words.number)
    rate = _Kind(words.rate, words.points, None)
    yield _Figure(
        "Orders", count, lambda day: day.orders, lambda day: f"by {words.counted(day.people, 'person', 'people')}"
    )
    yield _Figure("Gross revenue", money, lambda day: day.gross_revenue, lambda day: "before refunds")
    yield _Figure("Net revenue", money, lambda day: day.net_revenue, lambda day: "without what was refunded")
    yield _Figure(
        "Refunds",
        money,
        lambda day: day.refunded_revenue,
        lambda day: f"for {words.counted(day.refunds, 'order')} of this day, whenever refunded",
        more_is_good=False,
    )
    yield _Figure(
        "Conversion",
        rate,
        lambda day: day.conversion,
        lambda day: f"{words.number(day.converted_clicks)} of {words.counted(day.clicks, 'click')} became orders",
    )
    yield _Figure("Average order", money, lambda day: day.average_order, lambda day: "per item: one order is one item")


def _compare(figures: Figures, figure: _Figure, totals: Totals, ago: timedelta) -> Comparison:
    kind, other_day = figure.kind, figures.day - ago
    other, name = figures.at(other_day), words.short_day(other_day)
    found = change(figure.value(totals), figure.value(other)) if other else None
    if found is None:
        return Comparison(name, "no data")
    trend = "same" if not found.difference else "up" if found.difference > 0 else "down"
    good = None if trend == "same" else (trend == "up") == figure.more_is_good
    then = (kind.amount or kind.text)(found.before)
    return Comparison(name, kind.changed(found), _difference(kind, found), then, trend, good)


def _difference(kind: _Kind, found: Change) -> str:
    if kind.amount is None or not found.difference:
        return ""
    return f"{'+' if found.difference > 0 else ''}{kind.amount(found.difference)}"
