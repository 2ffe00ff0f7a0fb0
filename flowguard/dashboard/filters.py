"""What people choose: days and categories. Both come from the address bar, where anything can stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

DAY = timedelta(days=1)
LONGEST_DAYS = 731
PERIODS = {"Today": 1, "7 days": 7, "28 days": 28, "90 days": 90, "1 year": 365}
"""By the name, in the address bar too, how many days there are until today."""
DATES = "Dates"
"""The name of days that are chosen one by one."""


@dataclass(frozen=True)
class Days:
    """UTC days, both ends included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Days":
        """As many days, right before these."""
        return Days(self.first - self.count * DAY, self.first - DAY)

    @property
    def with_before(self) -> "Days":
        return Days(self.before.first, self.last)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self):  # type: ignore[no-untyped-def]
        return (self.first + number * DAY for number in range(self.count))

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} – {self.last}"


@dataclass(frozen=True)
class Filters:
    """``categories``: those that were chosen; empty: all."""

    days: Days
    categories: tuple[str, ...] = ()

    def chosen(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the chosen categories. Rows that have none are all kept.

        Here and not in SQL: what came from outside never is part of a query.
        """
        if not self.categories or "category" not in rows.columns:
            return rows
        return rows.filter(pl.col("category").is_in(self.categories))


def period(name: str, today: date) -> Days:
    """The days of a period by its name, until today."""
    return Days(today - (PERIODS[name] - 1) * DAY, today)


def between(chosen: Sequence[date], today: date) -> Days:
    """Days as they were picked: an end that is not there yet is the other one; never later than today, nor longer than
    two years."""
    ends = sorted(min(day, today) for day in chosen) or [today]
    return Days(max(ends[0], ends[-1] - (LONGEST_DAYS - 1) * DAY), ends[-1])
