"""What a table is, and what makes it a model: one SQL text that computes its rows for a scope."""

from dataclasses import dataclass
from functools import cached_property
from importlib import resources

TEXT, MONEY, INSTANT, DAY, COUNT, SMALL = "VARCHAR", "DECIMAL(18, 2)", "TIMESTAMP", "DATE", "BIGINT", "INTEGER"
RATE, SHARE, BYTES, FLAG = "DECIMAL(18, 4)", "DECIMAL(9, 6)", "BLOB", "BOOLEAN"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in the DuckDB dialect, and what it means."""

    name: str
    type: str
    description: str
    required: bool = False


def required(name: str, type: str, description: str) -> Column:
    """A column that is never NULL."""
    return Column(name, type, description, required=True)


@dataclass(frozen=True)
class Table:
    """A table. ``day`` is the DATE column of its partitions, None where it has none; ``keys`` are unique together,
    ``reads`` names the tables that it is made from."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    day: str | None = None
    partitioned: bool = True
    """Whether the storage is partitioned by ``day`` too: not worth it for small tables."""
    reads: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Model(Table):
    """A table that is computed from others by ``<package>/<name>.sql``; as a whole, if it has no ``day``.

    ``instant`` is the event-time column that a scope of touched rows bounds, and ``identity`` the column that says
    whether a row is touched.
    """

    instant: str | None = None
    identity: str = "event_id"

    @cached_property
    def sql(self) -> str:
        """The SELECT, in the portable subset of the DuckDB dialect."""
        return resources.files(f"flowguard.{self.schema}").joinpath(f"{self.name}.sql").read_text()


@dataclass(frozen=True)
class View:
    """Figures that are computed when they are asked for, from GOLD, by ``<schema>/<name>.sql``."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @cached_property
    def sql(self) -> str:
        """The SELECT, in the portable subset of the DuckDB dialect."""
        return resources.files(f"flowguard.{self.schema}").joinpath(f"{self.name}.sql").read_text()
