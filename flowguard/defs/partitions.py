"""Partitions: UTC days, of arrival for Bronze, of the event for SILVER and GOLD."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from flowguard.settings import Settings


def daily(settings: Settings) -> dg.DailyPartitionsDefinition:
    """From the start date to today: without an end offset the last one would be yesterday."""
    return dg.DailyPartitionsDefinition(start_date=settings.start_date.isoformat(), timezone="UTC", end_offset=1)


def exists(day: date, settings: Settings) -> bool:
    """Whether a day is a partition. Dagster silently accepts materializations of others."""
    return settings.start_date <= day <= datetime.now(UTC).date()


def days_between(first: date, last: date) -> Iterator[date]:
    """Each day from first to last, both included."""
    while first <= last:
        yield first
        first += timedelta(days=1)
