"""Checks that fail, from ``ops.check_failures``: all those of a table are one condition."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from flowguard.alerts.condition import Condition, Link
from flowguard.alerts.links import Links
from flowguard.alerts.message import MOST_EXAMPLES
from flowguard.models.ops import QUARANTINE
from flowguard.warehouse import Warehouse

_FAILURES = """
SELECT table_name, check_name, day, severity, failing_rows, description, examples, since, run_id
FROM ops.check_failures ORDER BY table_name, check_name, day DESC
"""
_MOST_LINKS = 5
_TO_DO = {QUARANTINE.full_name: "`flowguard quarantine list --by-day` shows what was refused, and by which rule"}


class Failure(NamedTuple):
    """A check that fails on a day, or on a table that has no days."""

    table: str
    check: str
    day: date | None
    severity: str
    failing_rows: int
    description: str
    examples: str
    since: datetime
    run_id: str


def failing_checks(warehouse: Warehouse, links: Links) -> Iterator[Condition]:
    """A condition for each table of which a check fails."""
    by_table: dict[str, list[Failure]] = defaultdict(list)
    for row in warehouse.query(_FAILURES).iter_rows():
        by_table[row[0]].append(Failure(*row))
    return (_condition(table, failures, links) for table, failures in by_table.items())


def _condition(table: str, failures: list[Failure], links: Links) -> Condition:
    checks = list(dict.fromkeys(failure.check for failure in failures))
    days = tuple(sorted({failure.day for failure in failures if failure.day}, reverse=True))
    return Condition(
        key=f"checks of {table}",
        kind="quarantine" if table == QUARANTINE.full_name else "check",
        severity="error" if any(failure.severity == "ERROR" for failure in failures) else "warning",
        title=f"{_checks(checks)} of {table}{_on(days)}",
        text="\n".join(_sentence([f for f in failures if f.check == check]) for check in checks),
        since=min(failure.since for failure in failures),
        to_do=_TO_DO.get(table, "`flowguard doctor` says more; the check's page has the query of all failing rows"),
        table=table,
        days=days,
        examples=tuple(_examples(failures)),
        links=(
            *(links.check(table, check) for check in checks[:_MOST_LINKS]),
            links.asset(table, days[0] if days else None),
            *_run(failures[0], links),
        ),
        members=frozenset(f"{failure.check} {failure.day or ''}".strip() for failure in failures),
    )


def _checks(names: list[str]) -> str:
    return f"check {names[0]} fails" if len(names) == 1 else f"{len(names)} checks fail: {', '.join(names)}"


def _on(days: tuple[date, ...]) -> str:
    if not days:
        return ""
    return f" on {days[0]}" if len(days) == 1 else f" on {len(days)} days"


def _sentence(failures: list[Failure]) -> str:
    rows = sum(failure.failing_rows for failure in failures)
    return (
        f"{failures[0].check}: {rows:,} failing {'row' if rows == 1 else 'rows'}. Must hold: {failures[0].description}"
    )


def _examples(failures: list[Failure]) -> Iterator[dict[str, object]]:
    """Some of each check, those of the newest day first."""
    for failure in failures[:MOST_EXAMPLES]:
        share = max(1, MOST_EXAMPLES // len(failures))
        for row in json.loads(failure.examples)[:share]:
            yield {"check": failure.check, **row}


def _run(failure: Failure, links: Links) -> tuple[Link, ...]:
    return (links.run(failure.run_id),) if failure.run_id else ()
