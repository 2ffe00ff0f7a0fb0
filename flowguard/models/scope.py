"""What a rebuild covers: a span of time, whole or only where touched."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

MOST_SPANS = 3
SMALLEST_GAP = timedelta(days=1)
_ONE = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scope:
    """Event times ``[start, end)``, naive UTC; if ``touched``, only events whose id is in relation ``touched``."""

    start: datetime
    end: datetime
    touched: bool = False

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def end_day(self) -> date:
        """The day after the last."""
        return (self.end - _ONE).date() + _DAY

    @property
    def days(self) -> list[date]:
        """Each day of which it covers something."""
        return [self.first_day + number * _DAY for number in range((self.end_day - self.first_day).days)]

    def covers(self, instant: str, day: str | None = None) -> str:
        """The condition that a column's instants are in it. ``day``, the column of their days, prunes partitions."""
        within = f"{instant} >= CAST('{self.start}' AS TIMESTAMP) AND {instant} < CAST('{self.end}' AS TIMESTAMP)"
        of_days = f" AND {day} >= CAST('{self.first_day}' AS DATE) AND {day} < CAST('{self.end_day}' AS DATE)"
        return within + (of_days if day else "")


def days(first: date, last: date) -> Scope:
    """The whole days from first to last, both included."""
    return Scope(datetime.combine(first, time()), datetime.combine(last + _DAY, time()))


def spans(instants: pl.Series) -> list[Scope]:
    """Few spans that cover event times, so that stragglers do not stretch the time that is read.

    Cut at the largest gaps, which are what pruning by time saves.
    """
    times = instants.drop_nulls().unique().sort()
    if times.is_empty():
        return []
    gaps = times.diff()
    largest = gaps.rank("ordinal", descending=True) < MOST_SPANS  # ordinal: of equal gaps not all are cut
    group = (largest & (gaps >= SMALLEST_GAP)).fill_null(False).cum_sum()
    bounds = pl.DataFrame({"time": times, "group": group}).group_by("group", maintain_order=True)
    return [
        Scope(first, last + _ONE, touched=True)
        for _, first, last in bounds.agg(first=pl.col("time").first(), last=pl.col("time").last()).iter_rows()
    ]


def covered(scopes: Iterable[Scope], instant: str, day: str | None = None) -> str:
    """The condition that a column's instants are in one of the scopes, touched or not."""
    return "(" + " OR ".join(f"({scope.covers(instant, day)})" for scope in scopes) + ")"


def ranges_of(changed: Iterable[date]) -> list[Scope]:
    """Whole days as few scopes: neighbouring days become one."""
    scopes: list[Scope] = []
    for day in sorted(set(changed)):
        if scopes and scopes[-1].end_day == day:
            scopes[-1] = days(scopes[-1].first_day, day)
        else:
            scopes.append(days(day, day))
    return scopes
