"""DuckDB's errors become ours where a statement is a person's."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from flowguard.errors import InvalidInput

_MISTAKES = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException)
_HARMLESS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


@contextmanager
def translated() -> Iterator[None]:
    """A statement that names what is not there, or is no SQL, is invalid input."""
    try:
        yield
    except _MISTAKES as error:
        raise InvalidInput(str(error)) from error


def only_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what is not one SELECT: reading must not write files or attach databases either.

    Raises:
        InvalidInput: the statement is something else, or several, or no SQL.
    """
    with translated():
        statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in _HARMLESS:
        raise InvalidInput("only one SELECT can be answered: the tables are read-only here")
