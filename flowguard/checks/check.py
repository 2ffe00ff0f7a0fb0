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
    little as the days are few; each row has that column, the day on which it fails. A check without such a column is
    about the whole table. ``error`` tells a broken promise from something that a person should know.
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
