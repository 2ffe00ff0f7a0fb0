"""What a check is."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flowguard.models.scope import Scope, ranges_of

DAYS = "$days"
"""In a check's SQL: the condition that the check's own column of days is one of those at hand."""
LOOKED_AT = "$looked_at"
"""The days at hand as a relation of one column, also those without any row."""
MOST_EXAMPLES = 5
_NO_DAYS = "(SELECT CAST(NULL AS DATE) WHERE FALSE)"
_PLACEHOLDER = re.compile(r"\$(\w+)(?:\(([\w.]*)(?:, (\d+))?\))?")


def days_of(column: str, back: int = 0) -> str:
    """The condition that a column of days is in the days at hand, or in the ``back`` days before one of them."""
    return f"$days({column}, {back})"


def instants_of(column: str) -> str:
    """The condition that a column of instants is in the days at hand, as storage can prune by it."""
    return f"$instants({column})"


def calendar(back: int) -> str:
    """The days at hand and the ``back`` days before each, as a relation of one column."""
    return f"$calendar(, {back})"


@dataclass(frozen=True)
class Check:
    """Rows of a table that must not exist.

    ``sql`` selects them for the days at hand, which are written as placeholders, and costs as little as the days are
    few; each row has column ``day``, the day on which it fails. A check without such a column is about the whole table.
    ``verdict`` is the SQL of how days were judged, whether they fail or not: a row per day at hand, with that column.
    ``error`` tells a broken promise from something that a person should know.
    """

    table: str
    name: str
    description: str
    sql: str
    day: str | None
    error: bool = True
    verdict: str | None = None

    def failing(self, days: Collection[date | None]) -> str:
        """The query of the failing rows of some days."""
        return self._about(self.sql, days)

    def judged(self, days: Collection[date | None]) -> str | None:
        """The query of how some days were judged, a row per day; None where there is nothing to tell but failures."""
        return self._about(self.verdict, days) if self.verdict else None

    def counted(self, days: Collection[date | None]) -> str:
        """A few of the failing rows of each day.

        ``failing_rows`` is the number of all failing rows of the row's day, ``example`` counts those that are shown;
        of a check without days, both are about the whole table.
        """
        of_a_day = f"PARTITION BY failing.{self.day} " if self.day else ""
        return (
            f"SELECT * FROM (SELECT failing.*, COUNT(*) OVER ({of_a_day.strip()}) AS failing_rows, "
            f"ROW_NUMBER() OVER ({of_a_day}ORDER BY {f'failing.{self.day}' if self.day else '1'}) AS example "
            f"FROM ({self.failing(days)}) AS failing) AS numbered WHERE example <= {MOST_EXAMPLES}"
        )

    def _about(self, sql: str, days: Collection[date | None]) -> str:
        known = {day for day in days if day is not None}

        def written(found: re.Match[str]) -> str:
            kind, column, back = found.groups()
            reached = {day - timedelta(days=shift) for day in known for shift in range(int(back or 0) + 1)}
            match kind:
                case "looked_at" | "calendar":
                    return _relation(reached)
                case "instants":
                    return _either(ranges_of(reached), lambda scope: scope.covers(column))
            if not self.day and not column:
                return "TRUE" if days else "FALSE"
            return _either(ranges_of(reached), lambda scope: _of_days(column or self.day, scope))

        return _PLACEHOLDER.sub(written, sql)


def _relation(days: Collection[date]) -> str:
    rows = ", ".join(f"({_literal(day)})" for day in sorted(days))
    return f"(VALUES {rows})" if rows else _NO_DAYS


def _either(scopes: Iterable[Scope], written: Callable[[Scope], str]) -> str:
    conditions = " OR ".join(f"({written(scope)})" for scope in scopes)
    return f"({conditions})" if conditions else "FALSE"


def _of_days(column: str | None, scope: Scope) -> str:
    return f"{column} >= {_literal(scope.first_day)} AND {column} < {_literal(scope.end_day)}"


def _literal(day: date) -> str:
    return f"CAST('{day}' AS DATE)"
