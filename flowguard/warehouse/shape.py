"""What the tables of a home lack: the version of FlowGuard that made them may have known fewer of them, or of columns.

Each warehouse says what it holds, and makes what is named here; both ask the same.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flowguard.errors import WarehouseCorrupt
from flowguard.models.registry import BY_NAME, TABLES
from flowguard.models.table import Column, Model, Table

Shape = Mapping[str, Mapping[str, str]]
"""The type of each column by its name, by the full name of its table."""


class Create(NamedTuple):
    """The table is not there."""

    table: Table


class Renew(NamedTuple):
    """GOLD is not there in a home that has events, or has another shape: it is computed anew from other tables.

    Its marks are made before it is replaced: who is killed in between finds the old shape and does both again.
    """

    table: Model


class AddColumn(NamedTuple):
    """The table is older than the column; rows that are there have NULL in it."""

    table: Table
    column: Column


def lacking(there: Shape, wanted: Mapping[str, str], place: str) -> Iterator[Create | Renew | AddColumn]:
    """What has to be made, in the order of the flow.

    ``wanted``: by the types of the registry, what they are called in ``there``; ``place``: where the tables are.

    Raises:
        WarehouseCorrupt: a table lacks a column that is never NULL.
    """
    for table in TABLES:
        columns = there.get(table.full_name, {})
        if table.schema == "gold" and isinstance(table, Model):
            if not columns.items() >= {(column.name, wanted[column.type]) for column in table.columns}:
                yield Renew(table) if "ops.dirty_days" in there else Create(table)
        elif columns:
            yield from (AddColumn(table, column) for column in _added(table, columns, place))
        else:
            yield Create(table)


def marks(table: Model) -> Iterator[str]:
    """The statements that make all days dirty from which a table of GOLD is computed, in the DuckDB dialect."""
    for name in table.reads:
        yield f"INSERT INTO ops.dirty_days SELECT DISTINCT '{name}', {BY_NAME[name].day}, 0 FROM {name}"


def _added(table: Table, columns: Mapping[str, str], place: str) -> Iterator[Column]:
    for column in table.columns:
        if column.name in columns:
            continue
        if column.required:
            raise WarehouseCorrupt(
                f"{table.full_name} in {place} has no column {column.name}, which is never NULL: it was made by a "
                "version that is too old; replay its topics into a new home"
            )
        yield column
