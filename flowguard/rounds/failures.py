"""Which checks fail now, by day: the state that outlives runs. Every evaluation writes down what it found.

Where nothing fails and nothing did, nothing is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from flowguard.checks.check import Check
from flowguard.errors import InvalidInput
from flowguard.models.exact import exact_json
from flowguard.models.frame import frame
from flowguard.models.ops import CHECK_FAILURES
from flowguard.rounds.entries import quoted
from flowguard.rounds.evaluation import DayFailure, Outcome
from flowguard.warehouse import Session, Warehouse

ERROR, WARN = "ERROR", "WARN"


class Failure(NamedTuple):
    """A check that fails on a day: a row of ``ops.check_failures``."""

    table: str
    check: str
    day: date | None
    severity: str
    rows: int
    description: str
    examples: str
    sql: str
    since: datetime
    evaluated_at: datetime
    run_id: str
    overridden_at: datetime | None
    overridden_rows: int | None
    override_reason: str | None

    @property
    def name(self) -> str:
        """What people call it, and commands take."""
        return f"{self.table} {self.check}{f' {self.day}' if self.day else ''}"

    def is_of(self, check: Check) -> bool:
        return (self.table, self.check) == (check.table, check.name)


_ALL = f"""
SELECT {", ".join(column.name for column in CHECK_FAILURES.columns)}
FROM {CHECK_FAILURES.full_name}
ORDER BY day DESC NULLS FIRST, table_name, check_name
"""
_Place = tuple[str, str]
"""Table and check."""


def open_failures(source: Warehouse | Session) -> list[Failure]:
    """All that fails, the newest day first."""
    return [Failure(*row) for row in source.query(_ALL).iter_rows()]


def record(warehouse: Warehouse, outcomes: Iterable[Outcome], run_id: str) -> list[Failure]:
    """Write down what evaluations found, in one short transaction; gives all that fails then.

    A failing day is kept with the time since when it fails, and with its override while no more rows fail than were
    overridden. A day that passes leaves. What was evaluated later than this stays as it is.
    """
    known = open_failures(warehouse)
    places = {(failure.table, failure.check, failure.day) for failure in known}
    found = [outcome for outcome in outcomes if outcome.failures or _concerns(outcome, places)]
    if not found:
        return known
    with warehouse.session() as session, session.transaction():
        before = defaultdict[_Place, dict[date | None, Failure]](dict)
        for failure in open_failures(session):
            before[failure.table, failure.check][failure.day] = failure
        for outcome in found:
            place = (outcome.check.table, outcome.check.name)
            _replace(session, place, _after(before[place], outcome, run_id).values())
        return open_failures(session)


def find(source: Warehouse | Session, table: str, check: str, day: date | None) -> Failure:
    """Raises InvalidInput if the check does not fail on the day; names what does."""
    failures = open_failures(source)
    for failure in failures:
        if (failure.table, failure.check, failure.day) == (table, check, day):
            return failure
    names = "; ".join(failure.name for failure in failures[:5]) or "nothing does"
    raise InvalidInput(
        f"{table} {check}{f' {day}' if day else ''} is not failing, as far as it was evaluated. What fails: {names}. "
        "`flowguard checks list` shows all of it"
    )


def _concerns(outcome: Outcome, places: Iterable[tuple[str, str, date | None]]) -> bool:
    mine = (outcome.check.table, outcome.check.name)
    return any((table, check) == mine and day in outcome.days for table, check, day in places)


def _after(before: Mapping[date | None, Failure], outcome: Outcome, run_id: str) -> dict[date | None, Failure]:
    """All failing days of a check, after an evaluation of some."""
    newer = {day for day, failure in before.items() if failure.evaluated_at > outcome.at}
    after = {day: failure for day, failure in before.items() if day in newer or day not in outcome.days}
    return after | {
        failed.day: _failure(outcome, failed, before.get(failed.day), run_id)
        for failed in outcome.failures
        if failed.day not in newer
    }


def _failure(outcome: Outcome, failed: DayFailure, before: Failure | None, run_id: str) -> Failure:
    check = outcome.check
    overridden = before and before.overridden_rows is not None and failed.rows <= before.overridden_rows
    return Failure(
        table=check.table,
        check=check.name,
        day=failed.day,
        severity=ERROR if check.error else WARN,
        rows=failed.rows,
        description=check.description,
        examples=exact_json(failed.examples),
        sql=check.failing([failed.day]).strip(),
        since=before.since if before else outcome.at,
        evaluated_at=outcome.at,
        run_id=run_id,
        overridden_at=before.overridden_at if before and overridden else None,
        overridden_rows=before.overridden_rows if before and overridden else None,
        override_reason=before.override_reason if before and overridden else None,
    )


def _replace(session: Session, place: _Place, failures: Iterable[Failure]) -> None:
    """All failing days of one check."""
    table, check = map(quoted, place)
    session.execute(f"DELETE FROM {CHECK_FAILURES.full_name} WHERE table_name = {table} AND check_name = {check}")
    if rows := list(failures):
        session.insert(CHECK_FAILURES, frame(CHECK_FAILURES, rows))
