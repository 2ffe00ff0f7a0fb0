"""All tables, in the order of the flow, and the views."""

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
