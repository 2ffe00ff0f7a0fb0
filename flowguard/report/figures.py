"""What a report says of a day, before it is put into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Totals:
    """A UTC day in figures. Orders, revenue and conversion are gross; only ``net_revenue`` subtracts refunds."""

    date: date
    orders: int = 0
    gross_revenue: Decimal = Decimal(0)
    people: int = 0
    refunds: int = 0
    refunded_revenue: Decimal = Decimal(0)
    impressions: int = 0
    clicks: int = 0
    converted_clicks: int = 0

    @property
    def net_revenue(self) -> Decimal:
        return self.gross_revenue - self.refunded_revenue

    @property
    def average_order(self) -> Decimal | None:
        """Per item, since one order is one item; None without orders."""
        cents = Decimal("0.01")
        return (self.gross_revenue / self.orders).quantize(cents, ROUND_HALF_UP) if self.orders else None

    @property
    def conversion(self) -> Decimal | None:
        """Percent of the day's clicks that became orders; None without clicks."""
        return percent(self.converted_clicks, self.clicks)


class Seller(NamedTuple):
    """A dish by what it sold on the day."""

    item: str
    category: str
    orders: int
    revenue: Decimal


class Converter(NamedTuple):
    """A dish or category by what became of its clicks. ``low`` and ``high`` are the rates, in percent, that so many
    clicks make credible (Wilson, 95 %)."""

    name: str
    clicks: int
    converted_clicks: int
    low: float
    high: float

    @property
    def rate(self) -> Decimal:
        return percent(self.converted_clicks, self.clicks) or Decimal(0)


class Refused(NamedTuple):
    """Quarantine entries of the day of arrival."""

    stage: str
    rule: str
    status: str
    records: int


class LedgerLine(NamedTuple):
    """Where the offsets of a topic went that arrived on the day: a row of ``gold.flow_ledger``."""

    topic: str
    offsets: int
    bronze_rows: int
    quarantined: int
    skipped: int
    lost: int
    silver_rows: int
    duplicates: int
    rejected: int
    balanced: bool

    @property
    def missing_in_bronze(self) -> int:
        """Offsets that are nowhere; negative: so many too many."""
        return self.offsets - self.bronze_rows - self.quarantined - self.skipped - self.lost

    @property
    def missing_in_silver(self) -> int:
        """Bronze rows that are nowhere; negative: so many too many."""
        return self.bronze_rows - self.silver_rows - self.duplicates - self.rejected


class Arrival(NamedTuple):
    """On which day events of the reported day arrived, and whether that day's ledger balances."""

    date: date
    events: int
    balanced: bool


class Failing(NamedTuple):
    """A check that fails on the day."""

    table: str
    name: str
    description: str
    rows: int
    error: bool


@dataclass(frozen=True)
class Figures:
    """Everything that a report says of ``day``.

    ``days`` are the days with events among the last weeks, this one included, by date; ``first_day`` is the first of
    all, None where there never was any. ``hours`` are orders by hour of this day and of the same weekday a week ago.
    ``quarantine`` and ``ledger`` are of records that arrived on the day, ``arrivals`` of events that happened on it.
    """

    day: date
    currency: str
    made_at: datetime
    first_day: date | None
    days: dict[date, Totals]
    hours: tuple[Sequence[int], Sequence[int]]
    sellers: Sequence[Seller]
    dishes: Sequence[Converter]
    categories: Sequence[Converter]
    quarantine: Sequence[Refused]
    ledger: Sequence[LedgerLine]
    arrivals: Sequence[Arrival]
    failing: Sequence[Failing]
    is_settled: bool
    """Whether GOLD holds all that is known of the day."""

    @property
    def totals(self) -> Totals | None:
        """The day's; None if nothing happened on it."""
        return self.days.get(self.day)

    @property
    def is_over(self) -> bool:
        return self.made_at.date() > self.day

    @property
    def trend(self) -> list[Totals]:
        """The last weeks without gaps, a day without events being zero; from the first day that has any."""
        if not self.days:
            return []
        first = min(self.days)
        return [self.days.get(first + n * DAY, Totals(first + n * DAY)) for n in range((self.day - first).days + 1)]

    def at(self, day: date) -> Totals | None:
        """A day to compare with: zero without events, None before the first day of all."""
        if self.first_day is None or day < self.first_day:
            return None
        return self.days.get(day, Totals(day))

    @property
    def duplicates(self) -> int:
        return sum(line.duplicates for line in self.ledger)

    @property
    def refused(self) -> int:
        """Records that arrived on the day and are not in the tables."""
        return sum(entry.records for entry in self.quarantine if entry.status != "redriven")

    @property
    def by_rule(self) -> dict[str, list[Refused]]:
        """The quarantine by rule, the one that refused most first."""
        found: dict[str, list[Refused]] = {}
        for entry in self.quarantine:
            found.setdefault(entry.rule, []).append(entry)
        return dict(sorted(found.items(), key=lambda rule: -sum(entry.records for entry in rule[1])))

    @property
    def balanced(self) -> bool:
        return all(line.balanced for line in self.ledger) and all(arrival.balanced for arrival in self.arrivals)


def percent(part: int, whole: int) -> Decimal | None:
    """``part`` of ``whole``, rounded half away from zero to four decimals; None where there is no whole."""
    return (Decimal(100 * part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None
