"""What an example is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flowguard.models.registry import BY_NAME

THE_DAY, NEXT_DAY = "2026-11-20", "2026-11-21"
_IN_WORLD = "BETWEEN DATE '2026-11-18' AND DATE '2026-11-23'"


@dataclass(frozen=True)
class Example:
    """``change`` is what is done to the tables of the world; ``failing`` the days of the rows that fail, each with its
    value in column ``by``."""

    table: str
    check: str
    change: str
    failing: tuple[tuple[str, Any], ...] = ()
    by: str | None = None

    def __str__(self) -> str:
        return f"{self.table} {self.check}: {self.change.strip()[:60]}"


def one_row(table: str, condition: str = "TRUE") -> str:
    day = BY_NAME[table].day
    within = f"{day} {_IN_WORLD} AND {condition}" if day else condition
    return f"rowid = (SELECT MIN(rowid) FROM {table} WHERE {within})"


def of(table: str, check: str, by: str | None, *changes: tuple[str, tuple[tuple[str, Any], ...]]) -> Iterator[Example]:
    for change, failing in changes:
        yield Example(table, check, change, failing, by)
