"""One connection to Snowflake: transactions, and the changes made in them.

Between BEGIN and COMMIT there is no DDL, which would commit: what is kept goes into a table that was made before.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
from sqlglot import exp

from flowguard.errors import StorageFailed
from flowguard.faults import crash_point
from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.scope import Scope
from flowguard.models.table import Model, Table
from flowguard.warehouse.base import DataFile, Staged
from flowguard.warehouse.snowflake import export, scratch, stage
from flowguard.warehouse.snowflake.dialect import parse, translate
from flowguard.warehouse.snowflake.errors import translated
from flowguard.warehouse.snowflake.recall import Recall
from flowguard.warehouse.snowflake.rows import fetch, kind, kind_of
from flowguard.warehouse.snowflake.scratch import SCRATCH, Kept, Kind
from flowguard.warehouse.tag import tag

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection
    from snowflake.connector.cursor import SnowflakeCursor

LONGEST_STATEMENT_SECONDS = 3600
"""Of a transaction, which may rebuild years; the connection's own limit is for what people and sensors wait for."""


class SnowflakeSession:
    """See `flowguard.warehouse.base.Session`. All SQL is given in the DuckDB dialect."""

    def __init__(
        self,
        connection: "SnowflakeConnection",
        lock: Callable[[], AbstractContextManager[None]],
        parameters: Parameters,
        recall: Recall | None,
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._recall = recall
        self._parameters = parameters
        self._kept: dict[str, Kept] = {}
        self._ids: list[str] = []
        self._patience: int | None = None
        self._in_transaction = False
        self._prepared: dict[str, Staged] = {}

    def query(self, sql: str) -> pl.DataFrame:
        if self._recall is None or self._kept or self._in_transaction:
            return self._fetch(sql)
        mark = self._recall.now()
        known = self._recall.answer(sql, mark)
        if known is None:
            known = self._fetch(sql)
            self._recall.remember(sql, known, mark)
        return known.clone()

    def execute(self, sql: str) -> None:
        self._run(self._translate(sql))

    def keep(self, name: str, rows: pl.DataFrame | str) -> None:
        self._kept[name] = self._keep_rows(rows) if isinstance(rows, str) else self._keep_frame(rows)
        self._ids.append(self._kept[name].id)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """There is nothing to begin: also in a transaction each statement sees what was committed before it."""
        self._patience = LONGEST_STATEMENT_SECONDS
        try:
            yield
        finally:
            self._patience = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with self._lock(), self.snapshot():
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock():
            self._in_transaction = True
            try:
                with self.snapshot(), self._begun():
                    yield
            finally:
                self._in_transaction = False

    def append(self, staged: Staged) -> None:
        self._copy(staged.table.full_name, staged.files, staged.rows)

    def insert(self, table: Table, rows: pl.DataFrame | str) -> None:
        if not isinstance(rows, str):
            self._load(table.full_name, rows)
            return
        columns = ", ".join(_columns(rows, table))
        source = self._translate(f"SELECT {columns} FROM ({rows}) AS new_rows")
        self._run(f"INSERT INTO {table.full_name} ({columns}) {source}", table.full_name)

    def rebuild(self, model: Model, scope: Scope) -> None:
        self._run(self._translate(render.delete(model, scope)), model.full_name)
        crash_point("silver.deleted")
        if not scope.touched and (staged := self._prepared.pop(model.full_name, None)):
            self.append(staged)
        else:
            self.insert(model, render.select(model, scope, self._parameters))

    def prepare(self, staged: Iterable[Staged]) -> None:
        self._prepared |= {part.table.full_name: part for part in staged}

    def files(self, table: Table, folder: Path, columns: Collection[str]) -> tuple[DataFile, ...]:
        chosen = [name for name in table.column_names if name in columns or name in table.keys]
        selected = self._run(f"SELECT {', '.join(chosen)} FROM {table.full_name}", table.full_name)
        with translated():
            return (DataFile(export.write(table, selected, folder)),)

    def forget(self) -> None:
        """Delete what was kept. A DELETE locks the table against others', so this is not done in a transaction."""
        if self._ids:
            listed = ", ".join(f"'{id}'" for id in self._ids)
            self._run(f"DELETE FROM {SCRATCH} WHERE relation IN ({listed})")

    def _keep_rows(self, sql: str) -> Kept:
        source = self._translate(sql)
        with translated():
            columns = {column.name.lower(): kind(column) for column in self._connection.cursor().describe(source)}
        kept = scratch.keep(uuid4().hex, columns)
        slots, names = ", ".join(kept.slots.values()), ", ".join(columns)
        self._run(
            f"INSERT INTO {SCRATCH} (relation, kept_at, {slots}) "
            f"SELECT '{kept.id}', '{scratch.now()}', {names} FROM ({source}) AS kept_rows"
        )
        return kept

    def _keep_frame(self, frame: pl.DataFrame) -> Kept:
        columns: Mapping[str, Kind] = {name: kind_of(type) for name, type in frame.schema.items()}
        kept = scratch.keep(uuid4().hex, columns)
        self._load(SCRATCH, frame.rename(kept.slots).with_columns(relation=pl.lit(kept.id), kept_at=scratch.now()))
        return kept

    def _load(self, target: str, frame: pl.DataFrame) -> None:
        if frame.height:
            self._copy(target, (stage.put(self._connection, frame),), frame.height)

    def _copy(self, target: str, files: tuple[str, ...], rows: int) -> None:
        copied = [self._run(stage.copy(target, file), target) for file in files]
        crash_point("stage.copied")
        loaded = sum(map(stage.rows_loaded, copied))
        if loaded != rows:
            raise StorageFailed(
                f"Snowflake has loaded {loaded:,} of {rows:,} rows into {target.upper()} from {', '.join(files)} on "
                f"the stage {stage.STAGE.upper()}; nothing was written. Trying again uploads them anew; keep others "
                "from changing that stage"
            )

    def _translate(self, sql: str) -> str:
        return translate(parse(sql), {name: kept.select for name, kept in self._kept.items()})

    def _fetch(self, sql: str) -> pl.DataFrame:
        with translated():
            return fetch(self._run(self._translate(sql)))

    def _run(self, sql: str, asset: str | None = None) -> "SnowflakeCursor":
        with translated():
            cursor = self._connection.cursor()
            cursor.execute(sql, timeout=self._patience, _statement_params={"QUERY_TAG": tag(asset)})
            return cursor

    @contextmanager
    def _begun(self) -> Iterator[None]:
        self._run("BEGIN")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # Where the connection is broken, Snowflake rolls back by itself.
            self._patience = None
            with suppress(Exception):
                self._run("ROLLBACK")
            raise


def _columns(sql: str, table: Table) -> tuple[str, ...]:
    """The columns of a SELECT, which may be fewer than the table's."""
    selected = parse(sql)
    assert isinstance(selected, exp.Query)
    names = tuple(selected.named_selects)
    return table.column_names if "*" in names else names
