"""Which engine rebuilds: the warehouse itself, or Spark."""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Literal

from flowguard.errors import InvalidInput
from flowguard.models.scope import days
from flowguard.rounds import backfill
from flowguard.rounds.changes import Changes
from flowguard.rounds.rebuildable import RAW
from flowguard.settings import Settings
from flowguard.spark import rebuild as on_spark
from flowguard.spark.submit import Submit
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
    if settings.spark_from_events is None:
        return "warehouse"
    with suppress(InvalidInput):
        on_spark.refuse_bronze(tables)
        with warehouse.session() as session:
            events = sum(backfill.events_by_day(session, RAW, days(first, last)).values())
        return "spark" if events >= settings.spark_from_events else "warehouse"
    return "warehouse"


def rebuild_by(engine: Engine, submit: Submit, tell: Callable[[str], None]) -> Callable[..., Changes]:
    """`flowguard.rounds.backfill.rebuild`, or what does the same on Spark; that tells a line for each table."""
    if engine == "warehouse":
        return backfill.rebuild
    return partial(on_spark.rebuild, submit=submit, tell=tell)
