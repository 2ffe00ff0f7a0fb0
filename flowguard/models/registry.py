"""All tables, in the order of the flow, and the views."""

from functools import cache

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.gold import views
from flowguard.gold.tables import DAILY_REPORT, GOLD
from flowguard.models.ops import (
    ALERT_DELIVERIES,
    ALERTS,
    CHECK_FAILURES,
    DIRTY_DAYS,
    GENERATIONS,
    INGEST_RANGES,
    OUTBOX,
    PUBLISHER,
    QUARANTINE,
)
from flowguard.models.table import Model, Table, View
from flowguard.silver.tables import SILVER

TABLES: tuple[Table, ...] = (
    *(ORDERS_RAW, CLICKS_RAW, QUARANTINE, INGEST_RANGES, GENERATIONS, DIRTY_DAYS),
    *SILVER,
    *(OUTBOX, PUBLISHER, CHECK_FAILURES, ALERTS, ALERT_DELIVERIES),
    *GOLD,
    DAILY_REPORT,
)
MODELS: tuple[Model, ...] = (*SILVER, *GOLD)
VIEWS: tuple[View, ...] = views.VIEWS
BY_NAME = {table.full_name: table for table in TABLES}


@cache
def sources_of(table: str) -> frozenset[str]:
    """All tables that a table is made from, directly or not, by full name."""
    found: set[str] = set()
    following = [table]
    while following:
        made = BY_NAME.get(following.pop())
        reads = made.reads if made else ()
        following += [name for name in reads if name not in found]
        found.update(reads)
    return frozenset(found)
