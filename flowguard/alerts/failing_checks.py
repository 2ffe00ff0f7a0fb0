"""Checks that fail, from ``ops.check_failures``: all those of a table are one condition.

A row that is wrong makes checks of the tables fail that are made from it: those are told with the table where it began.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date

from flowguard.alerts.condition import Condition, Link
from flowguard.alerts.links import Links
from flowguard.alerts.message import MOST_EXAMPLES
from flowguard.models.ops import QUARANTINE
from flowguard.models.registry import sources_of
from flowguard.rounds.failures import ERROR, Failure, open_failures
from flowguard.rounds.holds import can_hold_back
from flowguard.warehouse import Warehouse

_MOST_LINKS = 5
_TO_DO = {QUARANTINE.full_name: "`flowguard quarantine list --by-day` shows what was refused, and by which rule"}


def failing_checks(warehouse: Warehouse, links: Links) -> Iterator[Condition]:
    """A condition for each table of which a check fails."""
    by_table: dict[str, list[Failure]] = defaultdict(list)
    for failure in open_failures(warehouse):
        by_table[failure.table].append(failure)
    causes = {table: _causes(table, by_table) for table in by_table}
    for table, failures in by_table.items():
        following = sorted(other for other, of_other in causes.items() if table in of_other)
        yield _condition(table, failures, causes[table], [_also(other, by_table[other]) for other in following], links)


def _causes(table: str, by_table: Mapping[str, list[Failure]]) -> list[str]:
    """The tables that it is made from which fail on one of its failing days, as badly as it does."""
    days = {failure.day for failure in by_table[table]}
    return [
        source
        for source in sources_of(table) & by_table.keys()
        if days & {failure.day for failure in by_table[source]}
        and (_is_error(by_table[source]) or not _is_error(by_table[table]))
    ]


def _is_error(failures: list[Failure]) -> bool:
    return any(failure.severity == ERROR for failure in failures)


def _also(table: str, failures: list[Failure]) -> str:
    return f"So does {table}, which is made from it: {', '.join(sorted({failure.check for failure in failures}))}."


def _condition(table: str, failures: list[Failure], causes: list[str], following: list[str], links: Links) -> Condition:
    checks = sorted({failure.check for failure in failures})
    days = tuple(sorted({failure.day for failure in failures if failure.day}, reverse=True))
    return Condition(
        key=_key(table),
        kind="quarantine" if table == QUARANTINE.full_name else "check",
        severity="error" if _is_error(failures) else "warning",
        title=f"{table}{_on(days)}: {_checks(checks)}",
        text="\n\n".join([*_sentences(checks, failures), *following, *_held(failures)]),
        since=min(failure.since for failure in failures),
        to_do=_TO_DO.get(table, f"`flowguard checks show {failures[0].name}` has the query of all failing rows"),
        table=table,
        days=days,
        examples=tuple(_examples(failures)),
        links=(
            *(links.check(table, check) for check in checks[:_MOST_LINKS]),
            links.asset(table, days[0] if days else None),
            *_run(failures[0], links),
        ),
        members=frozenset(f"{failure.check} {failure.day or ''}".strip() for failure in failures),
        follows=frozenset(map(_key, causes)),
    )


def _key(table: str) -> str:
    return f"checks of {table}"


def _checks(names: list[str]) -> str:
    return f"check {names[0]} fails" if len(names) == 1 else f"checks {' and '.join(names)} fail"


def _on(days: tuple[date, ...]) -> str:
    if not days:
        return ""
    return f", {days[0]}" if len(days) == 1 else f", {len(days)} days"


def _sentences(checks: list[str], failures: list[Failure]) -> Iterator[str]:
    for check in checks:
        of_check = [failure for failure in failures if failure.check == check]
        rows = sum(failure.rows for failure in of_check)
        yield f"{check}: {rows:,} failing {'row' if rows == 1 else 'rows'}. Must hold: {of_check[0].description}"


def _held(failures: list[Failure]) -> Iterator[str]:
    """GOLD that waits is told with what it waits for: one trouble is one alert."""
    if holding := [failure for failure in failures if can_hold_back(failure) and failure.overridden_at is None]:
        yield (
            "GOLD is held back: it does not follow the days concerned until they pass, or a person decides with "
            f"`flowguard checks override {holding[0].name} --reason …`."
        )


def _examples(failures: list[Failure]) -> Iterator[dict[str, object]]:
    """Some of each check, those of the newest day first."""
    for failure in failures[:MOST_EXAMPLES]:
        share = max(1, MOST_EXAMPLES // len(failures))
        for row in json.loads(failure.examples)[:share]:
            yield {"check": failure.check, **row}


def _run(failure: Failure, links: Links) -> tuple[Link, ...]:
    return (links.run(failure.run_id),) if failure.run_id else ()
