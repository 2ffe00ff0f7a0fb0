"""Where the tables live. One protocol; `open_warehouse` gives the implementation that the settings name."""

from flowguard.settings import Settings
from flowguard.warehouse.base import Session, Staged, Warehouse


def open_warehouse(settings: Settings, *, read_only: bool = False) -> Warehouse:
    """The warehouse of a home. Unless read-only, schemas and tables are created where they are missing."""
    if settings.warehouse == "snowflake":
        from flowguard.warehouse.snowflake.warehouse import SnowflakeWarehouse

        return SnowflakeWarehouse(settings, read_only=read_only)
    from flowguard.warehouse.ducklake.warehouse import DuckLakeWarehouse

    return DuckLakeWarehouse(settings, read_only=read_only)


__all__ = ["Session", "Staged", "Warehouse", "open_warehouse"]
