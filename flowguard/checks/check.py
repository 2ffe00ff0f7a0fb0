"""What a check is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from flowguard.models.scope import ranges_of

DAYS = "$days"
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Check:
    """Rows of a table that must not exist.

    ``sql`` selects them for the days at hand: ``$days`` in it stands for a condition on column ``day``, and costs as
    little as the days are few; a check without such a column is about the whole table. ``error`` tells a broken promise
    from something that a person should know.
    """

    table: str
    name: str
    description: str
    sql: str
    day: str | None
    error: bool = True

    def failing(self, days: Collection[date | None]) -> str:
        """The query of the failing rows of some days."""
        return self.sql.replace(DAYS, _within(self.day, days))

    def counted(self, days: Collection[date | None]) -> str:
        """A few of the failing rows, each with column ``failing_rows``, the number of all."""
        return (
            f"SELECT failing.*, COUNT(*) OVER () AS failing_rows FROM ({self.failing(days)}) AS failing "
            f"LIMIT {MOST_EXAMPLES}"
        )


def _within(column: str | None, days: Collection[date | None]) -> str:
    if not days:
        return "FALSE"
    if column is None:
        return "TRUE"
    spans = (
        f"({column} >= CAST('{span.first_day}' AS DATE) AND {column} < CAST('{span.end_day}' AS DATE))"
        for span in ranges_of(day for day in days if day is not None)
    )
    return f"({' OR '.join(spans)})"
