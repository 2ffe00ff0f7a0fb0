"""All tables, in the order of the flow."""

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.gold.tables import GOLD
from flowguard.models.ops import DIRTY_DAYS, GENERATIONS, INGEST_RANGES, QUARANTINE
from flowguard.models.table import Model, Table
from flowguard.silver.tables import SILVER

TABLES: tuple[Table, ...] = (
    *(ORDERS_RAW, CLICKS_RAW, QUARANTINE, INGEST_RANGES, GENERATIONS, DIRTY_DAYS),
    *SILVER,
    *GOLD,
)
MODELS: tuple[Model, ...] = (*SILVER, *GOLD)
BY_NAME = {table.full_name: table for table in TABLES}
