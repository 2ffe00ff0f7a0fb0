"""Creating what is missing: schemas, the stage, tables and views; nothing that is there is changed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flowguard.errors import InvalidInput, WarehouseCorrupt
from flowguard.models.registry import TABLES, VIEWS
from flowguard.models.render import create_view
from flowguard.models.table import Table
from flowguard.settings import Settings
from flowguard.warehouse.snowflake import scratch, stage
from flowguard.warehouse.snowflake.connection import connect
from flowguard.warehouse.snowflake.dialect import create, parse, translate, type_of
from flowguard.warehouse.snowflake.errors import translated

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_COLUMNS = """
SELECT LOWER(table_schema) || '.' || LOWER(table_name), LOWER(column_name) FROM information_schema.columns
"""
Known = Mapping[str, set[str]]
"""Names of the columns that are there, by table."""


def run(connection: "SnowflakeConnection") -> None:
    """Raises InvalidInput if a table of one of our names is another one's."""
    for statement in needed(known(connection)):
        with translated():
            connection.cursor().execute(statement)


def missing(settings: Settings) -> list[str]:
    """The DDL that `run` would send now. Raises as `run` does."""
    with translated(), connect(settings) as connection:
        return list(needed(known(connection)))


def known(connection: "SnowflakeConnection") -> Known:
    """What the database holds."""
    there: dict[str, set[str]] = defaultdict(set)
    with translated():
        for table, column in connection.cursor().execute(_COLUMNS):  # type: ignore[union-attr]
            there[table].add(column)
    return there


def needed(there: Known) -> Iterator[str]:
    """The DDL that makes the database complete, having changed nothing if it cannot."""
    for table in TABLES:
        _refuse_foreign(table, there.get(table.full_name, set()))
    if all(name in there for name in (*(t.full_name for t in TABLES), *(v.full_name for v in VIEWS))):
        yield from _added_columns(there)
        return
    for schema in dict.fromkeys(table.schema for table in TABLES):
        yield f"CREATE SCHEMA IF NOT EXISTS {schema}"
    yield stage.CREATE
    yield scratch.CREATE
    yield from map(create, TABLES)
    yield from _added_columns(there)
    for view in VIEWS:
        yield translate(parse(create_view(view)), {})


def _refuse_foreign(table: Table, columns: set[str]) -> None:
    strange = columns - set(table.column_names)
    if strange:
        raise InvalidInput(
            f"{table.full_name.upper()} is there already and is not FlowGuard's: it has {', '.join(sorted(strange))}. "
            "Nothing was changed. Name another database with FLOWGUARD_SNOWFLAKE_DATABASE; what the table holds can "
            "be brought in with `flowguard replay` from a file of it"
        )


def _added_columns(there: Known) -> Iterator[str]:
    for table in TABLES:
        for column in table.columns:
            if table.full_name in there and column.name not in there[table.full_name]:
                if column.required:
                    raise WarehouseCorrupt(
                        f"{table.full_name.upper()} has no column {column.name}, which is never NULL: it was made by "
                        "a version that is too old; replay its topics into another database"
                    )
                yield f"ALTER TABLE {table.full_name} ADD COLUMN {column.name} {type_of(column.type)}"
