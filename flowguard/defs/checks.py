"""Checks inside the runs that change the tables: cheap while the run goes on, complete at its end.

While it goes on they are evaluated by a thread of their own: all of them take seconds, mostly of planning queries, for
which no round waits.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from threading import Event, Lock
from typing import Self

import dagster as dg
import polars as pl

from flowguard.checks.check import Check
from flowguard.checks.registry import CHECKS, checks_of
from flowguard.defs.describe import markdown
from flowguard.defs.keys import key_of
from flowguard.errors import Transient
from flowguard.rounds.changes import Changes, TableDay
from flowguard.rounds.evaluation import Outcome, evaluate
from flowguard.rounds.failures import Failure, open_failures, record
from flowguard.warehouse import Warehouse

PACE = 20
"""A check is not evaluated again before this many times its last duration has passed: at most 5 % of the time."""
MOST_DAYS = 31
"""Of those on which a check fails: how many are evaluated again at once, and told each as an event of its own."""
_MOST_DAYS_NAMED = 10
_MOST_DAYS_SHOWN = 3
"""Of those that fail, with examples of each."""
_log = logging.getLogger(__name__)


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


class Watch:
    """The checks of one run; use as a context manager around the work.

    Dagster keeps one record per run and check, in which the last evaluation wins. What fails stays under evaluation
    until it passes, whichever run found it: ``ops.check_failures`` knows.
    """

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        selected = context.selected_asset_check_keys
        self._checks = [c for c in CHECKS if dg.AssetCheckKey(key_of(c.table), c.name) in selected]
        # At first too, so that no check seems to be in progress for as long as a rolling run lasts.
        self._unseen: dict[Check, set[date | None]] = {check: _last_days() for check in self._checks}
        self._changed: dict[Check, set[date | None]] = {check: _last_days() for check in self._checks}
        self._told: dict[Check, dict[date | None, int]] = {}
        self._not_before: dict[Check, float] = {}
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, "checks")
        self._looking: Future[None] | None = None
        self._stopped = Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """A run that fails or is stopped does not wait for what is still to be evaluated."""
        self._stopped.set()
        self._thread.shutdown()

    def each_minute(self, warehouse: Warehouse, changes: Changes) -> None:
        """Begin to evaluate on the days that changed and those that fail, unless it is still being done."""
        self.changed(changes)
        if self._looking is None or self._looking.done():
            self._wait()
            self._looking = self._thread.submit(self._look, warehouse)

    def changed(self, changes: Iterable[TableDay]) -> None:
        """Remember days of tables for the next evaluation."""
        with self._lock:
            for table, day in changes:
                for check in self._checks:
                    if check.table == table:
                        self._unseen[check].add(day)
                        self._changed[check].add(day)

    def finish(self, warehouse: Warehouse) -> None:
        """Evaluate all checks on everything that the run changed, the last two days and what fails; tell each."""
        self._wait()
        self._take_up(open_failures(warehouse), self._changed)
        outcomes = [evaluate(warehouse, check, self._changed[check]) for check in self._checks]
        self._settle(warehouse, outcomes, at_end=True)

    def _wait(self) -> None:
        """Until nothing is being evaluated; what that raised is raised here."""
        if self._looking is not None:
            self._looking.result()

    def _look(self, warehouse: Warehouse) -> None:
        """Evaluate what is due, and tell what differs from what was told."""
        outcomes = []
        for check, days in self._take(open_failures(warehouse)).items():
            if self._stopped.is_set():
                return
            try:
                outcomes.append(evaluate(warehouse, check, days))
            except Transient as error:
                _log.warning("%s of %s is evaluated later: %s", check.name, check.table, error)
                with self._lock:
                    self._unseen[check] |= days
            else:
                self._not_before[check] = time.monotonic() + PACE * outcomes[-1].seconds
        self._settle(warehouse, outcomes, at_end=False)

    def _take(self, failures: Sequence[Failure]) -> dict[Check, set[date | None]]:
        """The days of each check that are to be looked at now."""
        with self._lock:
            self._take_up(failures, self._unseen)
            due = {check: days for check, days in self._unseen.items() if days and self._is_due(check)}
            self._unseen |= {check: set() for check in due}
            return due

    def _is_due(self, check: Check) -> bool:
        return time.monotonic() >= self._not_before.get(check, 0.0)

    def _take_up(self, failures: Iterable[Failure], days: Mapping[Check, set[date | None]]) -> None:
        """The days of a check that fail, those that were not looked at for longest, and those that failed here."""
        longest_ago = sorted(failures, key=lambda failure: failure.evaluated_at)
        for check in self._checks:
            failing = [failure.day for failure in longest_ago if failure.is_of(check)]
            told = (day for day, rows in self._told.get(check, {}).items() if rows and day not in failing)
            days[check].update(failing[:MOST_DAYS], islice(told, MOST_DAYS))

    def _settle(self, warehouse: Warehouse, outcomes: Sequence[Outcome], *, at_end: bool) -> None:
        """Write down what was found, and tell it."""
        failures = _written_down(warehouse, outcomes, self._context.run.run_id)
        for outcome in outcomes:
            failing = [failure for failure in failures if failure.is_of(outcome.check)]
            told, found = self._told.get(outcome.check), {failure.day: failure.rows for failure in failing}
            if at_end or told != found:
                self._tell(outcome, failing, told or {})
                self._told[outcome.check] = found

    def _tell(self, outcome: Outcome, failing: Sequence[Failure], told: Mapping[date | None, int]) -> None:
        """Each day that fails otherwise than was told, if there are several; then all of it, which is what counts."""
        check = outcome.check
        by_day = [failure for failure in failing if failure.day and told.get(failure.day) != failure.rows]
        if len(outcome.days) > 1:
            for failure in by_day[:MOST_DAYS]:
                self._context.log_event(evaluation(outcome, [failure], failure.day))
        if failing:
            rows = sum(failure.rows for failure in failing)
            _log.warning("%s of %s: %d failing rows", check.name, check.table, rows)
        self._context.log_event(evaluation(outcome, failing))


def _last_days() -> set[date | None]:
    """Today and yesterday: a day is judged once it is over, also one of which nothing came."""
    today = datetime.now(UTC).date()
    return {today, today - timedelta(days=1)}


def _written_down(warehouse: Warehouse, outcomes: Sequence[Outcome], run_id: str) -> list[Failure]:
    """All that fails now. Where it cannot be written down at the moment, the next evaluation does it."""
    try:
        return record(warehouse, outcomes, run_id)
    except Transient as error:
        _log.warning("the state of checks is written down later: %s", error)
        return open_failures(warehouse)


def evaluation(outcome: Outcome, failing: Sequence[Failure], partition: date | None = None) -> dg.AssetCheckEvaluation:
    """A check as Dagster shows it, of one partition or of all: with everything that fails, looked at now or before."""
    check, rows = outcome.check, sum(failure.rows for failure in failing)
    days = {failure.day for failure in failing} or outcome.days
    metadata: dict[str, dg.MetadataValue] = {
        "failing_rows": dg.MetadataValue.int(rows),
        "partitions_looked_at": dg.MetadataValue.text(_named(outcome.days) if check.day else "the whole table"),
        "seconds": dg.MetadataValue.float(round(outcome.seconds, 3)),
        "sql": dg.MetadataValue.md(f"```sql\n{check.failing(days).strip()}\n```"),
    }
    if failing:
        metadata["examples"] = dg.MetadataValue.md(_examples(failing))
        metadata["failing_partitions"] = dg.MetadataValue.text(_named(days) if check.day else "the whole table")
        metadata["failing_since"] = dg.MetadataValue.text(f"{min(failure.since for failure in failing):%F %T} UTC")
    if outcome.judged is not None:
        of_days = outcome.judged if partition is None else outcome.judged.filter(pl.col(str(check.day)) == partition)
        metadata["expected_band"] = dg.MetadataValue.md(markdown(of_days))
    return dg.AssetCheckEvaluation(
        passed=not failing,
        asset_key=key_of(check.table),
        check_name=check.name,
        partition=str(partition) if partition else None,
        severity=dg.AssetCheckSeverity.ERROR if check.error else dg.AssetCheckSeverity.WARN,
        description=f"{_counted(rows, failing)}: {check.description}" if failing else check.description,
        metadata=metadata,
    )


def _counted(rows: int, failing: Sequence[Failure]) -> str:
    counted = "1 failing row" if rows == 1 else f"{rows} failing rows"
    return f"{counted} on {len(failing)} days" if len(failing) > 1 else counted


def _examples(failing: Sequence[Failure]) -> str:
    """Of the newest days that fail."""
    rows = [row for failure in failing[:_MOST_DAYS_SHOWN] for row in json.loads(failure.examples)]
    return markdown(pl.DataFrame(rows, infer_schema_length=None))


def _named(days: Iterable[date | None]) -> str:
    """Days as people read them, the newest first."""
    newest = sorted({day for day in days if day is not None}, reverse=True)
    return ", ".join(map(str, newest[:_MOST_DAYS_NAMED])) + (" …" if len(newest) > _MOST_DAYS_NAMED else "")
