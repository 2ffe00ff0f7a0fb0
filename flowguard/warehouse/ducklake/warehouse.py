"""The tables of a home in DuckLake."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import polars as pl
import pyarrow.parquet as parquet

from flowguard.errors import InvalidInput
from flowguard.faults import crash_point
from flowguard.models import render
from flowguard.models.registry import TABLES, VIEWS
from flowguard.models.scope import Scope
from flowguard.models.table import BYTES, Model, Table
from flowguard.settings import Settings
from flowguard.warehouse.base import Session, Spent, Staged, Warehouse, parameters_of
from flowguard.warehouse.ducklake import files, statistics
from flowguard.warehouse.ducklake.connection import FULL_STRENGTH, LAKE, SMALL_STEPS, Limits, atomically, connect
from flowguard.warehouse.ducklake.errors import interruptions, only_select, storage_errors
from flowguard.warehouse.ducklake.maintenance import STEPS
from flowguard.warehouse.ducklake.session import DuckLakeSession
from flowguard.warehouse.lock import file_lock
from flowguard.warehouse.shape import AddColumn, Create, Renew, lacking, marks

_LOCK_TIMEOUT_SECONDS = 120.0
_COLUMNS = f"""
SELECT schema_name || '.' || table_name AS name, column_name, REPLACE(data_type, ',', ', ')
FROM duckdb_columns() WHERE database_name = '{LAKE}'
"""
_TYPES = {column.type: column.type for table in TABLES for column in table.columns}
_SHAPES = "".join(
    [f"{table.full_name} {', '.join(f'{c.name} {c.type}' for c in table.columns)}\n" for table in TABLES]
    + [f"{view.full_name} {sha256(view.sql.encode()).hexdigest()}\n" for view in VIEWS]
)


class DuckLakeWarehouse:
    """See `flowguard.warehouse.base.Warehouse`."""

    def __init__(self, settings: Settings, *, read_only: bool = False, limits: Limits = SMALL_STEPS) -> None:
        self._settings = settings
        self._folder = settings.home / "warehouse"
        if read_only and not (self._folder / "catalog.sqlite").exists():
            raise InvalidInput(f"there is no warehouse in {settings.home} yet: start `flowguard up` or `replay` first")
        self._read_only, self._limits = read_only, limits
        with storage_errors(self._folder):
            self._open()

    def _open(self) -> None:
        if self._read_only or self._is_migrated():
            self._connection = connect(self._settings, self._limits, read_only=self._read_only)
        else:
            with self._lock():
                self._connection = connect(self._settings, self._limits, read_only=False)
                self._migrate()

    def query(self, sql: str) -> pl.DataFrame:
        with self.session() as session:
            if self._read_only:
                only_select(self._connection, sql)
            return session.query(sql)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with interruptions(), self._connection.cursor() as cursor:
            cursor.execute(f"USE {LAKE}")
            yield DuckLakeSession(cursor, self._lock, self.model_sql, self._folder)

    @contextmanager
    def at_full_strength(self) -> Iterator[Warehouse]:
        """A database of its own. Where the number of threads changes while another connection works, DuckDB can block
        for ever: it waits for a thread to end that waits for it (ADR 0014)."""
        with closing(DuckLakeWarehouse(self._settings, read_only=self._read_only, limits=FULL_STRENGTH)) as strong:
            yield strong

    def stage(self, table: Table, frame: pl.DataFrame) -> Staged:
        if frame.is_empty():
            return Staged(table, (), 0)
        if table.day is None or not table.partitioned:
            return Staged(table, (self._write(table, frame, None),), frame.height)
        parts = frame.partition_by(table.day, as_dict=True).items()
        return Staged(table, tuple(self._write(table, part, day) for (day,), part in parts), frame.height)

    def adopt(self, table: Table, folder: Path, days: Collection[date] | None = None) -> Staged:
        with storage_errors(self._folder):
            taken, rows = files.take_in(table, folder, self._folder / "data" / table.schema / table.name, days)
        return Staged(table, taken, rows)

    def model_sql(self, model: Model, scope: Scope) -> str:
        return render.select(model, scope, parameters_of(self._settings))

    def spent(self) -> Mapping[str, Spent]:
        return {}

    def maintain(self) -> Iterator[str]:
        """One lock per step, so that a round waits for one step at most."""
        with self._connection.cursor() as cursor:
            for name, step in STEPS:
                yield name
                with self._lock(), storage_errors(self._folder):
                    crash_point("maintenance.step")
                    step(cursor)
                    crash_point("maintenance.stepped")

    def close(self) -> None:
        self._connection.close()

    def _write(self, table: Table, frame: pl.DataFrame, day: date | None) -> str:
        folder = self._folder / "data" / table.schema / table.name
        if day is not None:
            folder = folder / f"{table.day}={day}"
            frame = frame.drop(str(table.day))
        file: Path = folder / f"{uuid4()}.parquet"
        # A payload of 50 kB would become a statistic of 200,000 characters in the catalog.
        measured = [c.name for c in table.columns if c.type != BYTES and c.name in frame.columns]
        with storage_errors(self._folder):
            folder.mkdir(parents=True, exist_ok=True)
            parquet.write_table(
                frame.to_arrow(), file, compression="zstd", compression_level=1, write_statistics=measured
            )
        return str(file)

    def _is_migrated(self) -> bool:
        """Whether a process before this one created all tables with today's columns; opening one that is half created
        would fail."""
        return self._created.exists() and self._created.read_text() == _SHAPES

    @property
    def _created(self) -> Path:
        return self._folder / "tables.txt"

    def _lock(self) -> AbstractContextManager[None]:
        return file_lock(self._folder / "write.lock", _LOCK_TIMEOUT_SECONDS)

    def _migrate(self) -> None:
        """In one transaction: whoever is killed leaves the tables as they were. A transaction per table would also take
        ten times as long."""
        run = self._connection.execute
        run(f"CALL {LAKE}.set_option('data_inlining_row_limit', 0)")
        there: dict[str, dict[str, str]] = defaultdict(dict)
        for name, column, type in run(_COLUMNS).fetchall():
            there[name][column] = type
        with atomically(self._connection):
            self._make(lacking(there, _TYPES, str(self._folder)))
        statistics.of_no_rows(self._connection)
        self._created.write_text(_SHAPES)

    def _make(self, changes: Iterable[Create | Renew | AddColumn]) -> None:
        for change in changes:
            match change:
                case Create(table):
                    self._create(table)
                case Renew(table):
                    self._renew(table)
                case AddColumn(table, column):
                    self._connection.execute(render.add_column(table, column))
        for view in VIEWS:
            self._connection.execute(render.create_view(view))

    def _renew(self, table: Model) -> None:
        for mark in marks(table):
            self._connection.execute(mark)
        self._connection.execute(f"DROP TABLE IF EXISTS {table.full_name}")
        self._create(table)

    def _create(self, table: Table) -> None:
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
        self._connection.execute(render.create(table))
        if table.partitioned and table.day:
            self._connection.execute(f"ALTER TABLE {table.full_name} SET PARTITIONED BY ({table.day})")
