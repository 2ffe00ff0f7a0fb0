"""The quality of rows: what every table promises by its columns and keys, and what values it may hold."""

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.checks.check import DAYS, Check
from flowguard.events.rules import RULES
from flowguard.gold.tables import DAILY_ORDER_METRICS, FOOD_PERFORMANCE, FUNNEL_METRICS
from flowguard.models.ops import INGEST_RANGES, QUARANTINE
from flowguard.models.table import Table
from flowguard.silver.tables import CLICKS_CLEANED, ORDERS_CLEANED


def keys_unique(table: Table) -> Check:
    """No two rows of the days at hand have the same keys."""
    keys = ", ".join(table.keys)
    return Check(
        table.full_name,
        "keys_unique",
        f"{keys}: unique",
        f"SELECT {keys}, COUNT(*) AS copies FROM {table.full_name} WHERE {DAYS} GROUP BY {keys} HAVING COUNT(*) > 1",
        str(table.day),
    )


def required_filled(table: Table) -> Check:
    """No required column is NULL."""
    columns = [column.name for column in table.columns if column.required]
    empty = " OR ".join(f"{name} IS NULL" for name in columns)
    return Check(
        table.full_name,
        "required_filled",
        f"Never NULL: {', '.join(columns)}",
        f"SELECT {', '.join((*table.keys, *(c for c in columns if c not in table.keys)))} "
        f"FROM {table.full_name} WHERE {DAYS} AND ({empty})",
        str(table.day),
    )


def values_accepted(table: Table, *accepted: str) -> Check:
    """Each of the conditions is true of every row."""
    shown = ", ".join(column.name for column in table.columns if column.type != "BLOB")
    return Check(
        table.full_name,
        "values_accepted",
        "; ".join(accepted),
        f"SELECT {shown} FROM {table.full_name} WHERE {DAYS} AND NOT ({' AND '.join(f'({a})' for a in accepted)})",
        str(table.day),
    )


def _one_of(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


_RULE_KNOWN = f"_rule IS NULL OR {_one_of('_rule', *(rule.name for rule in RULES))}"

ACCEPTED = (
    values_accepted(
        ORDERS_RAW,
        _one_of("event_type", "order_placed", "order_refunded"),
        _RULE_KNOWN,
        "price IS NOT NULL OR _rule = 'price'",
    ),
    values_accepted(CLICKS_RAW, _one_of("event_type", "impression", "click"), _RULE_KNOWN),
    values_accepted(
        QUARANTINE,
        _one_of("stage", "bronze", "silver", "gateway"),
        _one_of("status", "open", "redriven", "discarded"),
        "redrives >= 0",
    ),
    values_accepted(
        INGEST_RANGES,
        _one_of("kind", "records", "accepted_gap"),
        "start_offset < end_offset",
        "kind = 'accepted_gap' OR bronze_rows + quarantined + skipped = end_offset - start_offset",
    ),
    values_accepted(ORDERS_CLEANED, "price > 0", "order_date = CAST(order_timestamp AS DATE)"),
    values_accepted(
        CLICKS_CLEANED,
        _one_of("event_type", "impression", "click"),
        "event_date = CAST(event_timestamp AS DATE)",
    ),
    values_accepted(
        DAILY_ORDER_METRICS,
        "total_orders > 0",
        "unique_users BETWEEN 1 AND total_orders",
        "refunded_orders BETWEEN 0 AND total_orders",
        "net_revenue = total_revenue - refunded_revenue",
    ),
    values_accepted(FOOD_PERFORMANCE, "total_orders > 0", "revenue > 0", "revenue_rank > 0"),
    values_accepted(FUNNEL_METRICS, "impressions >= 0", "clicks >= 0", "impressions = 0 OR ctr IS NOT NULL"),
)
