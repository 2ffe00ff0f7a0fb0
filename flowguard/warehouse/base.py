"""What a warehouse can do: read a snapshot, stage files, and change many tables in one transaction."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import polars as pl

from flowguard.models.parameters import Parameters
from flowguard.models.scope import Scope
from flowguard.models.table import Model, Table
from flowguard.settings import Settings


@dataclass(frozen=True)
class Staged:
    """Rows written to files that are not yet part of a table. ``days`` are the partitions they belong to."""

    table: Table
    files: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table, and the one that names the positions of its rows that are deleted: columns file_path
    and pos.

    ``day``: where the file lacks its table's partition column, whose value is in the original folder's name.
    """

    data: str
    deletes: str | None = None
    day: str | None = None


@dataclass(frozen=True)
class Spent:
    """What statements have cost. ``seconds`` of a virtual warehouse's work, ``credits`` of the services around it."""

    statements: int
    seconds: float
    bytes_scanned: int
    credits: float


class Session(Protocol):
    """One connection. Temporary relations live as long as it."""

    def query(self, sql: str) -> pl.DataFrame:
        """The rows of a SELECT."""

    def execute(self, sql: str) -> None:
        """Run one statement."""

    def keep(self, name: str, rows: pl.DataFrame | str) -> None:
        """Keep a frame, or the rows of a SELECT, as a temporary relation; replaces one of that name."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside is read from one snapshot. Takes no lock."""

    def frozen(self) -> AbstractContextManager[None]:
        """Everything read inside is of one state of the tables: a snapshot, or where there is none, the write lock is
        held.

        Raises:
            WarehouseBusy: another process held the lock for too long.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """Everything done inside is committed together, or nothing of it. Holds the write lock.

        Raises:
            WarehouseBusy: another process held the lock for too long.
        """

    def append(self, staged: Staged) -> None:
        """Make staged rows part of their table."""

    def files(self, table: Table, folder: Path, columns: Collection[str]) -> tuple[DataFile, ...]:
        """A table's rows as Parquet files in a folder, where they stay until somebody deletes them; with at least these
        of its columns.

        No two files have the same name.
        """

    def insert(self, table: Table, rows: pl.DataFrame | str) -> None:
        """Insert a frame, or the rows of a SELECT, by column name."""

    def rebuild(self, model: Model, scope: Scope) -> None:
        """Delete a model's rows of a scope and insert what its SQL gives for it."""

    def prepare(self, staged: Iterable[Staged]) -> None:
        """Let the next rebuild of whole days of each of these models take staged rows instead of computing them."""


class Warehouse(Protocol):
    """The tables of a home."""

    def query(self, sql: str) -> pl.DataFrame:
        """The rows of a SELECT, from the newest snapshot; never blocked by writers."""

    def session(self) -> AbstractContextManager[Session]:
        """A connection for a piece of work."""

    def at_full_strength(self) -> AbstractContextManager["Warehouse"]:
        """The same tables, whose statements may take all cores and more memory: for rebuilds of many days."""

    def stage(self, table: Table, frame: pl.DataFrame) -> Staged:
        """Write rows to files outside of any transaction."""

    def adopt(self, table: Table, folder: Path, days: Collection[date] | None = None) -> Staged:
        """Stage the Parquet files in a folder, which another engine wrote with all columns of the table.

        Of a table that is partitioned they are in folders ``_day=2026-11-21``, and are taken as they are. Of another
        one, rows of other days than ``days`` are left out.
        """

    def model_sql(self, model: Model, scope: Scope) -> str:
        """The SELECT of a model for a scope, as a session takes it."""

    def spent(self) -> Mapping[str, Spent]:
        """What this run's statements about each table have cost so far, by its full name. Empty where nobody bills.

        Never fails, and asks once, whatever the number of tables: meant for when the tables are asked anyway."""

    def maintain(self) -> Iterator[str]:
        """Compact and clean up; yields the name of each step before it is done."""

    def close(self) -> None:
        """Let go of the connection."""


def parameters_of(settings: Settings) -> Parameters:
    """What the SQL of the models takes from the settings."""
    return Parameters(settings.duplicate_window, settings.attribution_window, settings.attribution_models)
