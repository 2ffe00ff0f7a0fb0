"""What a Spark job is told: a JSON file of sources, and of steps that each compute one table.

The job (`flowguard/spark/job.py`) is one file without FlowGuard beside it, so that a cluster needs nothing but Spark.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from flowguard.warehouse.base import DataFile


@dataclass(frozen=True)
class Source:
    """A table as it is in one snapshot. ``columns``: the Spark type of each; a file may lack a column: it is NULL.

    ``day`` is its partition column. No two of its files have the same name, whatever their folders.
    """

    table: str
    columns: dict[str, str]
    files: tuple[DataFile, ...]
    day: str | None = None


@dataclass(frozen=True)
class Step:
    """A model's rows of some days.

    ``select`` gives them in Spark's SQL; they take the place of what ``replaced`` is true of, also for the steps after
    this one. Files are written into folder ``to``, each with all columns in the table's order; those of a table with a
    ``day`` in folders ``_day=2026-11-21`` by that column.
    """

    table: str
    columns: dict[str, str]
    select: str
    replaced: str
    day: str | None
    to: str


@dataclass(frozen=True)
class Plan:
    """A job. ``kept``: relations by name, each a SELECT in Spark's SQL, that the steps read too."""

    sources: tuple[Source, ...]
    kept: dict[str, str]
    steps: tuple[Step, ...]

    def write(self, file: Path) -> None:
        """As JSON."""
        file.write_text(json.dumps(asdict(self), indent=1))
