"""Where the tables live. One protocol; `open_warehouse` gives the implementation that the settings name."""

from flowguard.settings import Settings
from flowguard.warehouse.base import Session, Spent, Staged, Warehouse


def open_warehouse(settings: Settings, *, read_only: bool = False) -> Warehouse:
    """The warehouse of a home. Unless read-only, schemas and tables are created where they are missing."""
    if settings.warehouse == "snowflake":
        from flowguard.warehouse.snowflake.warehouse import SnowflakeWarehouse

        return SnowflakeWarehouse(settings, read_only=read_only)
    from flowguard.warehouse.ducklake.warehouse import DuckLakeWarehouse

    return DuckLakeWarehouse(settings, read_only=read_only)


def has_tables(settings: Settings) -> bool:
    """Whether some process of this home has opened its tables to write, by what that leaves there: asks no server."""
    left = "written" if settings.warehouse == "snowflake" else "tables.txt"
    return (settings.home / "warehouse" / left).exists()


def place_of(settings: Settings) -> str:
    """Where a person finds the tables: a folder, or a database."""
    if settings.warehouse == "snowflake":
        return f"database {settings.snowflake_database} of Snowflake's account {settings.snowflake_account}"
    return str(settings.home / "warehouse")


__all__ = ["Session", "Spent", "Staged", "Warehouse", "has_tables", "open_warehouse", "place_of"]
