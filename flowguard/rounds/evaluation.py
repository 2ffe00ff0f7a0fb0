"""Evaluating a check: how many rows of which days fail it, and a few of them."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import polars as pl

from flowguard.checks.check import Check
from flowguard.rounds.chunk import now
from flowguard.warehouse import Warehouse

MOST_JUDGED = 10
"""Days of which is told with what they were compared."""


class DayFailure(NamedTuple):
    """The failing rows of a day, and a few of them; None: of a table that has no days."""

    day: date | None
    rows: int
    examples: pl.DataFrame


@dataclass(frozen=True)
class Outcome:
    """What was found on the days that were looked at, the newest first, and how long it took.

    ``at`` is when it began, naive UTC: it has seen everything that was committed before. ``judged`` says, of the newest
    days, with what each was compared, whether it fails or not: the check's column of days, value, lower, upper, median,
    history, is_over. None of a check that compares nothing.
    """

    check: Check
    days: frozenset[date | None]
    failures: tuple[DayFailure, ...]
    at: datetime
    seconds: float
    judged: pl.DataFrame | None = None


def evaluate(warehouse: Warehouse, check: Check, days: Collection[date | None]) -> Outcome:
    """Look for the failing rows of some days; of a check without days in the whole table, if there are any days."""
    at, started = now(), time.monotonic()
    looked_at: frozenset[date | None] = frozenset(days if check.day or not days else (None,))
    rows = warehouse.query(check.counted(looked_at))
    judged = _judged(warehouse, check, looked_at)
    return Outcome(check, looked_at, tuple(_by_day(check, rows)), at, time.monotonic() - started, judged)


def _judged(warehouse: Warehouse, check: Check, days: Collection[date | None]) -> pl.DataFrame | None:
    newest = sorted((day for day in days if day is not None), reverse=True)[:MOST_JUDGED]
    sql = check.judged(newest)
    return None if sql is None else warehouse.query(sql).sort(str(check.day), descending=True)


def _by_day(check: Check, rows: pl.DataFrame) -> list[DayFailure]:
    of_days = rows.partition_by(check.day) if check.day else [rows] if rows.height else []
    failures = [
        DayFailure(
            of_day[check.day][0] if check.day else None,
            of_day["failing_rows"][0],
            of_day.sort("example").drop("failing_rows", "example"),
        )
        for of_day in of_days
    ]
    return sorted(failures, key=lambda failure: failure.day or date.max, reverse=True)
