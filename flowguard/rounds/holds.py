"""Holding back: GOLD does not follow a day while what it is computed from fails a check.

Days of SILVER hold GOLD's same days back, days of Bronze, which are days of arrival, those of the events that arrived
on them. The ledger, which shows what is wrong, is never held back. A person can override a failure.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

import polars as pl

from flowguard.checks.check import Check
from flowguard.checks.registry import CHECKS
from flowguard.gold.tables import FLOW_LEDGER
from flowguard.rounds.arrivals import happened_on
from flowguard.rounds.evaluation import evaluate
from flowguard.rounds.failures import ERROR, Failure, open_failures, record
from flowguard.warehouse import Session, Warehouse

_DIRTY = "SELECT table_name, day, version FROM ops.dirty_days ORDER BY version"
Holds = dict[date, list[Failure]]
"""Days of GOLD that are held back, each with what holds it back, the oldest first."""


class Held(NamedTuple):
    """A day that GOLD has to follow, and what has kept it from that for longest."""

    day: date
    failure: Failure

    def __str__(self) -> str:
        failure = self.failure
        day = "" if failure.day == self.day else f" on {failure.day}"
        return (
            f"GOLD's {self.day} is held back since {failure.since:%F %T} UTC by check {failure.check} of "
            f"{failure.table}{day} ({failure.rows} failing rows)"
        )

    @property
    def advice(self) -> str:
        """What to do."""
        return (
            f"See flowguard checks show {self.failure.name}; it goes on by itself when the check passes, or after "
            f"flowguard checks override {self.failure.name} --reason …"
        )


class Waiting(NamedTuple):
    """The oldest change that GOLD can follow, None where there is none; and the days that it cannot, oldest first."""

    oldest: int | None
    held: list[Held]


def can_hold_back(failure: Failure) -> bool:
    """Whether GOLD waits for it, unless it is overridden: a broken promise of Bronze or SILVER."""
    of_bronze_or_silver = failure.table in FLOW_LEDGER.reads or failure.table.startswith("silver.")
    return failure.severity == ERROR and failure.day is not None and of_bronze_or_silver


def holds(session: Session) -> Holds:
    """What is held back now."""
    found: Holds = defaultdict(list)
    failures = [f for f in open_failures(session) if can_hold_back(f) and f.overridden_at is None]
    for failure in sorted(failures, key=lambda failure: failure.since):
        assert failure.day is not None
        by_arrival = failure.table in FLOW_LEDGER.reads
        for day in happened_on(session, [failure.day]) if by_arrival else [failure.day]:
            found[day].append(failure)
    return found


def free(marks: pl.DataFrame, held: Collection[date]) -> pl.DataFrame:
    """The dirty marks that GOLD follows now."""
    return marks.filter(pl.col("table_name").is_in(FLOW_LEDGER.reads) | ~pl.col("day").is_in(list(held)))


def waiting(warehouse: Warehouse) -> Waiting:
    """What GOLD has not followed yet."""
    with warehouse.session() as session, session.snapshot():
        found = holds(session)
        marks = session.query(_DIRTY)
    now_free = free(marks, found)
    held = marks.join(now_free, on=marks.columns, how="anti")["day"].unique().sort()
    oldest = None if now_free.is_empty() else int(now_free["version"].to_list()[0])
    return Waiting(oldest, [Held(day, found[day][0]) for day in held])


def evaluate_again(warehouse: Warehouse, days: Collection[date], run_id: str) -> None:
    """Evaluate what holds days of GOLD back: it may have been mended in the meantime."""
    with warehouse.session() as session, session.snapshot():
        failures = {failure for day, holding in holds(session).items() if day in days for failure in holding}
    by_check: dict[Check, set[date | None]] = defaultdict(set)
    for check in CHECKS:
        if failing := {failure.day for failure in failures if failure.is_of(check)}:
            by_check[check] = failing
    record(warehouse, [evaluate(warehouse, check, failing) for check, failing in by_check.items()], run_id)
