"""The tables of a home in Snowflake."""

import logging
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import polars as pl
from sqlglot import exp

from flowguard.errors import FlowGuardError, InvalidInput, Transient, WarehouseUnavailable
from flowguard.models import render
from flowguard.models.scope import Scope
from flowguard.models.table import Model, Table
from flowguard.settings import Settings
from flowguard.warehouse import tag
from flowguard.warehouse.base import Session, Spent, Staged, Warehouse, parameters_of
from flowguard.warehouse.lock import file_lock
from flowguard.warehouse.parquet import batches
from flowguard.warehouse.snowflake import export, history, migrations, scratch, stage
from flowguard.warehouse.snowflake.connection import connect
from flowguard.warehouse.snowflake.dialect import parse
from flowguard.warehouse.snowflake.errors import translated
from flowguard.warehouse.snowflake.recall import Recall
from flowguard.warehouse.snowflake.session import SnowflakeSession

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_LOCK_TIMEOUT_SECONDS = 600.0
_CLEARED_EACH_SECONDS = 3600.0
_Done = TypeVar("_Done")
_log = logging.getLogger(__name__)


class SnowflakeWarehouse:
    """See `flowguard.warehouse.base.Warehouse`."""

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        self._settings = settings
        self._read_only = read_only
        self._idle: list[SnowflakeConnection] = []
        self._cleared = -math.inf
        self._opened_at, self._tells_history = scratch.now(), True
        # Who only reads may be on another host than those who write.
        self._recall = None if read_only else Recall(self._folder / "written")
        if not read_only:
            with self._lock(), translated(), connect(settings) as connection:
                migrations.run(connection)
                connection.cursor().execute(scratch.delete_leftovers())

    def query(self, sql: str) -> pl.DataFrame:
        if self._read_only and not isinstance(parse(sql), exp.Query):
            raise InvalidInput("only one SELECT can be answered: the tables are read-only here")
        return _reconnecting(lambda: self._query(sql))

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self._connection() as connection:
            session = SnowflakeSession(connection, self._lock, parameters_of(self._settings), self._recall)
            yield session
            session.forget()

    @contextmanager
    def at_full_strength(self) -> Iterator[Warehouse]:
        """How strong it is, the virtual warehouse's size says."""
        yield self

    def stage(self, table: Table, frame: pl.DataFrame) -> Staged:
        if frame.is_empty():
            return Staged(table, (), 0)
        return _reconnecting(lambda: self._stage(table, frame))

    def adopt(self, table: Table, folder: Path, days: Collection[date] | None = None) -> Staged:
        files = sorted(folder.rglob("*.parquet"))
        pieces = [self.stage(table, piece) for piece in export.joined(batches(table, files, days))]
        taken = tuple(file for piece in pieces for file in piece.files)
        return Staged(table, taken, sum(piece.rows for piece in pieces))

    def model_sql(self, model: Model, scope: Scope) -> str:
        return render.select(model, scope, parameters_of(self._settings))

    def spent(self) -> Mapping[str, Spent]:
        """A server that tells nothing of its history is not asked again."""
        run_id = tag.run()
        if run_id is None or not self._tells_history:
            return {}
        try:
            with self._connection() as connection:
                return history.spent(connection, run_id, self._opened_at)
        except FlowGuardError as error:
            self._tells_history = isinstance(error, Transient)
            _log.info("what statements have cost is not told: %s", error)
            return {}

    def maintain(self) -> Iterator[str]:
        """Snowflake compacts by itself; only the stage has to be cleared, which is worth a look each hour."""
        if time.monotonic() - self._cleared < _CLEARED_EACH_SECONDS:
            return
        yield "remove files from the stage that no transaction needs any more"
        with self._connection() as connection:
            stage.remove_leftovers(connection)
        self._cleared = time.monotonic()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _query(self, sql: str) -> pl.DataFrame:
        with self.session() as session:
            return session.query(sql)

    def _stage(self, table: Table, frame: pl.DataFrame) -> Staged:
        with self._connection() as connection:
            return Staged(table, (stage.put(connection, frame),), frame.height)

    @contextmanager
    def _connection(self) -> Iterator["SnowflakeConnection"]:
        """A login takes a second, so connections are used again; not those on which something failed, nor, if Snowflake
        could not be reached or the login has expired, any."""
        with translated():
            connection = self._idle.pop() if self._idle else connect(self._settings)
        try:
            yield connection
        except BaseException as error:
            connection.close()
            if isinstance(error, WarehouseUnavailable):
                self.close()
            raise
        self._idle.append(connection)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with file_lock(self._folder / "write.lock", _LOCK_TIMEOUT_SECONDS):
            if self._recall is None:
                yield
            else:
                with self._recall.writing():
                    yield

    @property
    def _folder(self) -> Path:
        return self._settings.home / "warehouse"


def _reconnecting(piece: Callable[[], _Done]) -> _Done:
    """A read and an upload change no table, so they are done again on a new connection. A round is the run's to repeat,
    which reads anew where it stands: whether a COMMIT arrived whose answer was lost, only the tables tell."""
    try:
        return piece()
    except WarehouseUnavailable:
        return piece()
