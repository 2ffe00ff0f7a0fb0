"""What the database lacks is made once, and written down: schemas, the stage, tables, columns, views.

`ops.migrations` has a row for each statement. It is made first, and says that a database is FlowGuard's: in another
one, tables of our names are left as they are. Who is killed before it has written down what it did does no harm: what
is there is not made again, but for views, which are replaced by themselves.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from flowguard.errors import InvalidInput
from flowguard.models.registry import TABLES, VIEWS
from flowguard.models.table import Table, View
from flowguard.settings import Settings
from flowguard.warehouse.shape import AddColumn, Create, Renew, Shape, lacking, marks
from flowguard.warehouse.snowflake import scratch, stage
from flowguard.warehouse.snowflake.connection import connect
from flowguard.warehouse.snowflake.dialect import create, create_view, kept_as, parse, translate, type_of
from flowguard.warehouse.snowflake.errors import translated

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

MIGRATIONS = "ops.migrations"
_CREATE = (
    f"CREATE TABLE IF NOT EXISTS {MIGRATIONS} (version NUMBER(18, 0) NOT NULL, what VARCHAR NOT NULL, "
    "statement VARCHAR NOT NULL, applied_at TIMESTAMP_NTZ NOT NULL)"
)
"""``version``: 1, and one more for each start that changed something; ``what``: the table or view concerned, or the
stage; ``applied_at`` in UTC."""
_APPLIED = f"SELECT version, what, statement FROM {MIGRATIONS} ORDER BY version"
_RECORD = f"INSERT INTO {MIGRATIONS} (version, what, statement, applied_at) VALUES (%s, %s, %s, %s)"
_SCHEMAS = tuple(dict.fromkeys(table.schema for table in TABLES))
_COLUMNS = f"""
SELECT LOWER(table_schema) || '.' || LOWER(table_name), LOWER(column_name), data_type, numeric_precision, numeric_scale
FROM information_schema.columns WHERE table_schema IN ({", ".join(f"'{schema.upper()}'" for schema in _SCHEMAS)})
"""
_STAGES = "SHOW STAGES IN DATABASE"
"""Its second column is the name, its fourth the schema."""
_TYPES = {column.type: kept_as(column.type) for table in TABLES for column in table.columns}


class Database(NamedTuple):
    """What is there: the columns of tables and views, the stages by their full names, and what was applied: the last
    version, and the last statement about each table or view."""

    shape: Shape
    stages: frozenset[str]
    version: int
    applied: Mapping[str, str]


class Statement(NamedTuple):
    """What is to be run, and the table or view that it is about."""

    what: str
    sql: str


def run(connection: "SnowflakeConnection") -> None:
    """Make what is missing. Whoever runs this holds the write lock.

    Raises:
        InvalidInput: a table of one of our names is another one's.
        WarehouseCorrupt: a table is too old to be brought forward.
    """
    there = look(connection)
    statements = list(needed(there, str(connection.database)))
    if not statements:
        return
    with translated():
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement.sql)
        applied_at = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
        cursor.executemany(_RECORD, [(there.version + 1, *statement, applied_at) for statement in statements])


def missing(settings: Settings) -> list[str]:
    """The SQL that `run` would send now. Raises as `run` does."""
    with translated(), connect(settings) as connection:
        return [statement.sql for statement in needed(look(connection), str(connection.database))]


def look(connection: "SnowflakeConnection") -> Database:
    """What the database holds."""
    shape: dict[str, dict[str, str]] = defaultdict(dict)
    with translated():
        for table, column, type, precision, scale in _rows(connection, _COLUMNS):
            shape[table][column] = f"NUMBER({precision}, {scale})" if type == "NUMBER" else type
        stages = frozenset(f"{row[3]}.{row[1]}".lower() for row in _rows(connection, _STAGES))
        applied = _rows(connection, _APPLIED) if MIGRATIONS in shape else []
    version = max((version for version, _, _ in applied), default=0)
    return Database(shape, stages, version, {what: sql for _, what, sql in applied})


def _rows(connection: "SnowflakeConnection", sql: str) -> list[tuple[Any, ...]]:
    return list(connection.cursor().execute(sql))  # type: ignore[arg-type]


def needed(there: Database, database: str) -> Iterator[Statement]:
    """What makes the database complete. Raises as `run` does, before anything is yielded that changes what is there."""
    if MIGRATIONS not in there.shape:
        _refuse_foreign(there.shape)
    changes = list(lacking(there.shape, _TYPES, f"database {database}"))
    yield from _grounds(there)
    for change in changes:
        if not _was_made(change.table, there):
            yield from _made(change)
    for view in VIEWS:
        sql = create_view(view)
        if view.full_name not in there.shape or there.applied.get(view.full_name) != sql:
            yield Statement(view.full_name, sql)


def _grounds(there: Database) -> Iterator[Statement]:
    """Schemas, and what only Snowflake needs."""
    for schema in _SCHEMAS:
        if not any(table.startswith(f"{schema}.") for table in there.shape):
            yield Statement(schema, f"CREATE SCHEMA IF NOT EXISTS {schema}")
    if MIGRATIONS not in there.shape:
        yield Statement(MIGRATIONS, _CREATE)
    if stage.STAGE not in there.stages:
        yield Statement(stage.STAGE, stage.CREATE)
    if scratch.SCRATCH not in there.shape:
        yield Statement(scratch.SCRATCH, scratch.CREATE)
        return
    for name, type in scratch.COLUMNS.items():
        if name not in there.shape[scratch.SCRATCH]:
            yield _column(scratch.SCRATCH, name, type)


def _was_made(table: Table, there: Database) -> bool:
    """Whether a table with all its columns was made by today's statement: whatever Snowflake calls their types, they
    are what they should be, and GOLD is not computed anew at each start."""
    by_today = there.applied.get(table.full_name) in (create(table), create(table, anew=True))
    return by_today and there.shape.get(table.full_name, {}).keys() >= set(table.column_names)


def _made(change: Create | Renew | AddColumn) -> Iterator[Statement]:
    table = change.table
    match change:
        case Create():
            yield Statement(table.full_name, create(table))
        case Renew():
            for mark in marks(change.table):
                yield Statement("ops.dirty_days", translate(parse(mark), {}))
            yield Statement(table.full_name, create(table, anew=True))
        case AddColumn(_, column):
            yield _column(table.full_name, column.name, type_of(column.type))


def _column(table: str, name: str, type: str) -> Statement:
    return Statement(table, f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {type}")


def _refuse_foreign(shape: Shape) -> None:
    """Before `ops.migrations` is there, only what is exactly ours may be."""
    of_ours: tuple[Table | View, ...] = (*TABLES, *VIEWS)
    for table in of_ours:
        columns, ours = set(shape.get(table.full_name, ())), {column.name for column in table.columns}
        strange, absent = columns - ours, ours - columns
        if columns and (strange or absent):
            why = f"it has {', '.join(sorted(strange))}" if strange else f"it has no {', '.join(sorted(absent))}"
            raise InvalidInput(
                f"{table.full_name.upper()} is there already and is not FlowGuard's: {why}. "
                "Nothing was changed. Name another database with FLOWGUARD_SNOWFLAKE_DATABASE; what the table holds "
                "can be brought in with `flowguard replay` from a file of it"
            )
