"""Whether a figure can be trusted: how fresh the tables are that it comes from, and which of their checks fail.

Tables are followed to all that they are made from, so that a row of SILVER that breaks a rule shows on each chart whose
figures it is in.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from flowguard.dashboard.filters import DAY, Days
from flowguard.models.registry import BY_NAME, sources_of

Level = Literal["good", "warn", "bad"]
_ARRIVAL = ("_arrival_date", "arrival_date")
"""Columns whose day is that of arrival: events of a day may be in any later one."""


class Failing(NamedTuple):
    """A check that fails on a day; ``day`` is None where the table has no days."""

    table: str
    check: str
    day: date | None
    severity: str
    rows: int
    overridden: bool


class Dirty(NamedTuple):
    """A day of a table that GOLD has not followed yet."""

    table: str
    day: date


@dataclass(frozen=True)
class State:
    """What is known of all tables at an instant (naive UTC).

    ``committed_at``: when events were taken in last; ``waiting``: for how long the oldest record waits in Kafka,
    None if Kafka does not say; ``gold_behind``: for how long GOLD has not followed the oldest change in ``dirty``.
    """

    at: datetime
    committed_at: datetime | None
    waiting: timedelta | None
    gold_behind: timedelta
    dirty: Sequence[Dirty]
    failing: Sequence[Failing]
    limit: timedelta


class Mark(NamedTuple):
    level: Level
    text: str


@dataclass(frozen=True)
class Trust:
    """Two marks, the failing checks that one of them counts, and the days that GOLD has not followed yet."""

    freshness: Mark
    checks: Mark
    failing: Sequence[Failing]
    behind: Sequence[date]

    @property
    def level(self) -> Level:
        return max(self.freshness.level, self.checks.level, key=("good", "warn", "bad").index)


def trust(state: State, tables: Collection[str], days: Days) -> Trust:
    """Of a figure that is computed from these tables and days."""
    sources = {*tables}.union(*map(sources_of, tables))
    failing = [failure for failure in state.failing if failure.table in sources and _concerns(failure, days)]
    behind = sorted({dirty.day for dirty in state.dirty if dirty.table in sources and dirty.day in days})
    return Trust(_freshness(state, behind), _checks(failing), failing, behind)


def _freshness(state: State, behind: Sequence[date]) -> Mark:
    if state.committed_at is None:
        return Mark("warn", "No events yet")
    taken_in = f"{state.committed_at:%H:%M:%S} UTC"
    if state.committed_at.date() != state.at.date():
        taken_in = f"{state.committed_at:%d %b %Y} {taken_in}"
    if state.waiting is None:
        return Mark("warn", f"Last events {taken_in}; Kafka does not answer")
    if state.waiting > state.limit:
        return Mark("bad", f"Late: records wait for {duration(state.waiting)}; last events {taken_in}")
    if behind and state.gold_behind > state.limit:
        return Mark("bad", f"Late: GOLD has not followed for {duration(state.gold_behind)} ({_days(behind)})")
    if behind or state.waiting:
        return Mark("good", f"Fresh to within {duration(max(state.waiting, state.gold_behind, timedelta(seconds=1)))}")
    return Mark("good", f"Fresh at {state.at:%H:%M:%S} UTC")


def _checks(failing: Sequence[Failing]) -> Mark:
    broken = [failure for failure in failing if failure.severity == "ERROR" and not failure.overridden]
    names = _names(broken or failing)
    if broken:
        return Mark("bad", f"Fails: {names}")
    return Mark("warn", f"Warns: {names}") if failing else Mark("good", "Checks hold")


def _names(failing: Iterable[Failing]) -> str:
    names = list(dict.fromkeys(f"{failure.table.partition('.')[2]} {failure.check}" for failure in failing))
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _concerns(failure: Failing, days: Days) -> bool:
    if failure.day is None:
        return True
    table = BY_NAME.get(failure.table)
    if table is not None and table.day in _ARRIVAL:
        return failure.day >= days.first - DAY
    return failure.day in days


def _days(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{len(days)} days"


def duration(span: timedelta) -> str:
    """In the largest whole units that say enough: 42 s, 7 min, 3 h, 2 days."""
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
