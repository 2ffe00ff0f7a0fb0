"""When people come: few at night, most for lunch and dinner, more at weekends."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random

HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 12, 26, 38, 30, 14, 10, 12, 24, 42, 46, 36, 22, 12, 5)
"""Visits by hour of the day, UTC."""
WEEKEND = 1.35
_HOUR = timedelta(hours=1)


def shares(events: int, start: datetime, end: datetime) -> list[tuple[date, int]]:
    """So many events spread over the days of ``[start, end)``, by weekday and by the hours of the day within."""
    days = [start.date() + timedelta(n) for n in range((end.date() - start.date()).days + 1)]
    up_to = list(accumulate(_weight(day, start, end) for day in days))
    bounds = [0, *(round(events * weight / up_to[-1]) for weight in up_to)]
    return [(day, bounds[n + 1] - bounds[n]) for n, day in enumerate(days)]


def arrivals(random: Random, day: date, start: datetime, end: datetime) -> Iterator[datetime]:
    """Instants of the day within ``[start, end)`` at which somebody comes, without end."""
    weights = list(accumulate(_hour_weight(day, hour, start, end) for hour in range(24)))
    while True:
        hour = _instant(day, random.choices(range(24), cum_weights=weights)[0], start)
        first, last = max(hour, start), min(hour + _HOUR, end)
        yield first + (last - first) * random.random()


def _weight(day: date, start: datetime, end: datetime) -> float:
    week = WEEKEND if day.weekday() >= 5 else 1.0
    return week * sum(_hour_weight(day, hour, start, end) for hour in range(24))


def _hour_weight(day: date, hour: int, start: datetime, end: datetime) -> float:
    begin = _instant(day, hour, start)
    within = min(begin + _HOUR, end) - max(begin, start)
    return HOUR_WEIGHTS[hour] * (max(within, timedelta()) / _HOUR)


def _instant(day: date, hour: int, like: datetime) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=like.tzinfo)
