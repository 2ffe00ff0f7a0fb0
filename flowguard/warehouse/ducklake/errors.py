"""DuckDB's errors become ours: where a statement is a person's, and where the storage does not take what is written."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flowguard.errors import InvalidInput, StorageFailed, WarehouseBusy

_MISTAKES = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException)
_HARMLESS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}

_COMPACTED = "No such file or directory"
_LOCKED = "database is locked"
_NOT_WRITTEN = ("No space left on device", "database or disk is full", "disk I/O error", "File too large")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """What the disk, or another process that holds the catalog, keeps from being written can be tried again."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise _failed(folder, error) from error
        raise
    except duckdb.Error as error:
        if _LOCKED in str(error):
            raise WarehouseBusy(f"the catalog in {folder} is held by another process: {error}") from error
        if any(sign in str(error) for sign in _NOT_WRITTEN):
            raise _failed(folder, error) from error
        raise


def _failed(folder: Path, error: Exception) -> StorageFailed:
    return StorageFailed(
        f"{folder} cannot be written ({error}): make room or mend the disk; nothing was written in part, and it is "
        "safe to try again"
    )


@contextmanager
def translated() -> Iterator[None]:
    """A statement that names what is not there, or is no SQL, is invalid input."""
    try:
        yield
    except _MISTAKES as error:
        raise InvalidInput(str(error)) from error
    except duckdb.IOException as error:
        if _COMPACTED in str(error):
            raise WarehouseBusy(f"the tables were compacted while they were read, ask again: {error}") from error
        raise


@contextmanager
def interruptions() -> Iterator[None]:
    """A signal that comes while DuckDB works raises what it raises anywhere else, such as KeyboardInterrupt."""
    try:
        yield
    except RuntimeError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
            raise error.__cause__ from None
        raise


def only_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what is not one SELECT: reading must not write files or attach databases either.

    Raises:
        InvalidInput: the statement is something else, or several, or no SQL.
    """
    with translated():
        statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in _HARMLESS:
        raise InvalidInput("only one SELECT can be answered: the tables are read-only here")
