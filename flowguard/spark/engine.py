"""Which engine rebuilds: the warehouse itself, or Spark."""

from collections.abc import Collection
from contextlib import suppress
from datetime import date
from typing import Literal

from flowguard.errors import InvalidInput
from flowguard.models.scope import days
from flowguard.rounds.backfill import events_by_day
from flowguard.rounds.rebuildable import RAW
from flowguard.settings import Settings
from flowguard.spark.rebuild import refuse_bronze
from flowguard.warehouse import Warehouse

Engine = Literal["warehouse", "spark"]


def engine_named(name: str) -> Engine:
    """Raises InvalidInput for a name that is none."""
    if name == "spark":
        return "spark"
    if name == "warehouse":
        return "warehouse"
    raise InvalidInput(f"there is no engine {name!r}, only warehouse and spark")


def engine_by_default(
    warehouse: Warehouse, settings: Settings, tables: Collection[str], first: date, last: date
) -> Engine:
    """Spark from so many events on as the settings say, if it computes these tables."""
    if settings.spark_from_events is None or settings.warehouse == "snowflake":
        return "warehouse"
    with suppress(InvalidInput):
        refuse_bronze(tables)
        with warehouse.session() as session:
            events = sum(events_by_day(session, RAW, days(first, last)).values())
        return "spark" if events >= settings.spark_from_events else "warehouse"
    return "warehouse"
