"""One connection to the lake: snapshots, transactions, and the changes made in them."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb
import polars as pl

from flowguard.faults import crash_point
from flowguard.models import render
from flowguard.models.scope import Scope
from flowguard.models.table import Model, Table
from flowguard.warehouse.base import DataFile, Staged
from flowguard.warehouse.ducklake import files
from flowguard.warehouse.ducklake.connection import LAKE, atomically
from flowguard.warehouse.ducklake.errors import storage_errors, translated


class DuckLakeSession:
    """See `flowguard.warehouse.base.Session`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        lock: Callable[[], AbstractContextManager[None]],
        model_sql: Callable[[Model, Scope], str],
        folder: Path,
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._model_sql = model_sql
        self._folder = folder
        self._prepared: dict[str, Staged] = {}

    def query(self, sql: str) -> pl.DataFrame:
        with translated():
            return self._connection.execute(sql).pl()

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def keep(self, name: str, rows: pl.DataFrame | str) -> None:
        with self._relation(rows) as source:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {source}")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with atomically(self._connection):
            yield

    def frozen(self) -> AbstractContextManager[None]:
        return self.snapshot()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock(), storage_errors(self._folder), atomically(self._connection):
            yield

    def append(self, staged: Staged) -> None:
        for file in staged.files:
            self._connection.execute(
                f"CALL ducklake_add_data_files('{LAKE}', '{staged.table.name}', '{file}', "
                f"schema => '{staged.table.schema}')"
            )

    def files(self, table: Table, folder: Path, columns: Collection[str]) -> tuple[DataFile, ...]:
        return files.at_hand(self._connection, table, folder)

    def insert(self, table: Table, rows: pl.DataFrame | str) -> None:
        with self._relation(rows) as source:
            self._connection.execute(f"INSERT INTO {table.full_name} BY NAME {source}")

    def rebuild(self, model: Model, scope: Scope) -> None:
        self._connection.execute(render.delete(model, scope))
        crash_point("silver.deleted")
        if not scope.touched and (staged := self._prepared.pop(model.full_name, None)):
            self.append(staged)
        else:
            self.insert(model, self._model_sql(model, scope))

    def prepare(self, staged: Iterable[Staged]) -> None:
        self._prepared |= {part.table.full_name: part for part in staged}

    @contextmanager
    def _relation(self, rows: pl.DataFrame | str) -> Iterator[str]:
        if isinstance(rows, str):
            yield rows
            return
        self._connection.register("_rows", rows.to_arrow())
        try:
            yield "SELECT * FROM _rows"
        finally:
            self._connection.unregister("_rows")
