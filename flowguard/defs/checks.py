"""Checks inside the runs that change the tables: cheap while the run goes on, complete at its end."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import NamedTuple

import dagster as dg
import polars as pl

from flowguard.checks.check import Check
from flowguard.checks.registry import CHECKS, checks_of
from flowguard.defs.describe import markdown
from flowguard.defs.keys import key_of
from flowguard.rounds.changes import Changes, TableDay
from flowguard.warehouse import Warehouse

PACE = 20
"""A check is not evaluated again before this many times its last duration has passed: at most 5 % of the time."""
_MOST_DAYS_NAMED = 10
_MOST_DAYS_TOLD = 31
"""Of those that fail a check in a backfill, each an event of its own."""
_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """How many rows of which days failed, and a few of them."""

    failing: int
    examples: pl.DataFrame
    days: frozenset[date | None]
    seconds: float


def check_specs(tables: Iterable[str]) -> list[dg.AssetCheckSpec]:
    """The checks of tables. None of them blocks anything: bad rows never stop ingestion."""
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=key_of(check.table),
            description=check.description,
            metadata={"sql": dg.MetadataValue.md(f"```sql\n{check.sql.strip()}\n```")},
        )
        for check in checks_of(set(tables))
    ]


def evaluate(warehouse: Warehouse, check: Check, days: Iterable[date | None]) -> Outcome:
    """Look for the failing rows of some days."""
    started, looked_at = time.monotonic(), frozenset(days)
    rows = warehouse.query(check.counted(looked_at))
    failing = int(rows.filter(example=1)["failing_rows"].sum())
    return Outcome(failing, rows.drop("failing_rows", "example"), looked_at, time.monotonic() - started)


def failing_days(warehouse: Warehouse, check: Check, failed: Outcome) -> Iterator[Outcome]:
    """The outcome of each day that fails by itself, the newest first, found by halving: few queries for few days."""
    days = sorted((day for day in failed.days if day is not None), reverse=True)
    if len(days) == 1:
        yield failed
        return
    for half in (days[: len(days) // 2], days[len(days) // 2 :]):
        outcome = evaluate(warehouse, check, half)
        if outcome.failing:
            yield from failing_days(warehouse, check, outcome)


class Watch:
    """The checks of one run. Dagster keeps one record per run and check, in which the last evaluation wins."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        selected = context.selected_asset_check_keys
        self._checks = [c for c in CHECKS if dg.AssetCheckKey(key_of(c.table), c.name) in selected]
        self._changed: dict[str, set[date | None]] = defaultdict(set)
        # Today at first, so that no check seems to be in progress for as long as a rolling run lasts.
        self._unseen: dict[Check, set[date | None]] = {check: {datetime.now(UTC).date()} for check in self._checks}
        self._told: dict[Check, int] = {}
        self._not_before: dict[Check, float] = {}
        self._by_day = False

    def each_minute(self, warehouse: Warehouse, changes: Changes) -> None:
        """Evaluate on the days that changed and those that failed; tell what differs from what was told."""
        self.changed(changes)
        for check in self._checks:
            if self._unseen[check] and time.monotonic() >= self._not_before.get(check, 0.0):
                outcome = evaluate(warehouse, check, self._unseen[check])
                self._not_before[check] = time.monotonic() + PACE * outcome.seconds
                if not outcome.failing:
                    self._unseen[check].clear()
                if self._told.get(check) != outcome.failing:
                    self._tell(check, outcome)

    def changed(self, changes: Iterable[TableDay]) -> None:
        """Remember days of tables for the next evaluation."""
        for table, day in changes:
            self._changed[table].add(day)
            for check in self._checks:
                if check.table == table:
                    self._unseen[check].add(day)

    def by_day(self) -> None:
        """At the end, tell a check's failure on each partition that fails, too: where a range of days is rebuilt."""
        self._by_day = True

    def finish(self, warehouse: Warehouse) -> None:
        """Evaluate all checks on everything that the run changed, or on today, and tell each outcome."""
        for check in self._checks:
            days = self._changed[check.table] or {datetime.now(UTC).date()}
            outcome = evaluate(warehouse, check, days)
            if outcome.failing and self._by_day and check.day:
                for of_day in islice(failing_days(warehouse, check, outcome), _MOST_DAYS_TOLD):
                    self._context.log_event(evaluation(check, of_day, *of_day.days))
            self._tell(check, outcome)

    def _tell(self, check: Check, outcome: Outcome) -> None:
        self._told[check] = outcome.failing
        if outcome.failing:
            _log.warning("%s of %s: %d failing rows", check.name, check.table, outcome.failing)
        self._context.log_event(evaluation(check, outcome))


def evaluation(check: Check, outcome: Outcome, partition: date | None = None) -> dg.AssetCheckEvaluation:
    """An outcome as Dagster shows it, of one partition or of all that were looked at."""
    metadata: dict[str, dg.MetadataValue] = {
        "failing_rows": dg.MetadataValue.int(outcome.failing),
        "partitions_looked_at": dg.MetadataValue.text(_named(outcome.days) if check.day else "the whole table"),
        "seconds": dg.MetadataValue.float(round(outcome.seconds, 3)),
        "sql": dg.MetadataValue.md(f"```sql\n{check.failing(outcome.days).strip()}\n```"),
    }
    if outcome.failing:
        metadata["examples"] = dg.MetadataValue.md(markdown(outcome.examples))
        if check.day in outcome.examples.columns:
            metadata["partitions_of_examples"] = dg.MetadataValue.text(_named(outcome.examples[check.day]))
    rows = "1 failing row" if outcome.failing == 1 else f"{outcome.failing} failing rows"
    return dg.AssetCheckEvaluation(
        passed=not outcome.failing,
        asset_key=key_of(check.table),
        check_name=check.name,
        partition=str(partition) if partition else None,
        severity=dg.AssetCheckSeverity.ERROR if check.error else dg.AssetCheckSeverity.WARN,
        description=f"{rows}: {check.description}" if outcome.failing else check.description,
        metadata=metadata,
    )


def _named(days: Iterable[date | None]) -> str:
    """Days as people read them, the newest first."""
    newest = sorted({day for day in days if day is not None}, reverse=True)
    return ", ".join(map(str, newest[:_MOST_DAYS_NAMED])) + (" …" if len(newest) > _MOST_DAYS_NAMED else "")
