"""The quality of rows: what every table promises by its columns and keys, and what values it may hold."""

from flowguard.checks.check import DAYS, Check
from flowguard.events.rules import RULES
from flowguard.models.table import BYTES, Table


def keys_unique(table: Table) -> Check:
    """No two rows of a day have the same keys."""
    keys = ", ".join(table.keys)
    grouped = ", ".join(dict.fromkeys((*filter(None, [table.day]), *table.keys)))
    return Check(
        table.full_name,
        "keys_unique",
        f"{keys}: unique",
        f"SELECT {grouped}, COUNT(*) AS copies FROM {table.full_name} WHERE {DAYS} "
        f"GROUP BY {grouped} HAVING COUNT(*) > 1",
        table.day,
    )


def rules_of(table: Table) -> tuple[str, ...]:
    """What must be true of each row, as conditions: no required column is NULL, and values are accepted.

    A row without a day is in no partition, and so not looked at: storage refuses it, and sums would not add up.
    """
    required = (f"{c.name} IS NOT NULL" for c in table.columns if c.required and c.name != table.day)
    return (*required, *ACCEPTED.get(table.full_name, ()))


def rows_valid(table: Table) -> Check:
    """Each rule is true of each row."""
    shown = ", ".join(column.name for column in table.columns if column.type != BYTES)
    # IS NOT TRUE: a condition on NULL is neither true nor false.
    broken = " OR ".join(f"({rule}) IS NOT TRUE" for rule in rules_of(table))
    return Check(
        table.full_name,
        "rows_valid",
        "; ".join(("Required columns are never NULL", *ACCEPTED.get(table.full_name, ()))),
        f"SELECT {shown} FROM {table.full_name} WHERE {DAYS} AND ({broken})",
        table.day,
    )


def _one_of(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


_RULE_KNOWN = f"_rule IS NULL OR {_one_of('_rule', *(rule.name for rule in RULES))}"
_CONVERTED = (
    "converted_clicks BETWEEN 0 AND clicks",
    "attributed_orders >= converted_clicks",
    "clicks = 0 OR click_to_order_rate IS NOT NULL",
)

ACCEPTED: dict[str, tuple[str, ...]] = {
    "bronze.orders_raw": (
        _one_of("event_type", "order_placed", "order_refunded"),
        _RULE_KNOWN,
        "price IS NOT NULL OR _rule = 'price'",
    ),
    "bronze.clicks_raw": (_one_of("event_type", "impression", "click"), _RULE_KNOWN),
    "ops.quarantine": (
        _one_of("stage", "bronze", "silver", "gateway"),
        _one_of("status", "open", "redriven", "discarded"),
        "redrives >= 0",
        "status <> 'redriven' OR redrives > 0",
        "status <> 'discarded' OR (reason IS NOT NULL AND decided_at IS NOT NULL)",
    ),
    "ops.ingest_ranges": (
        _one_of("kind", "records", "accepted_gap"),
        "start_offset < end_offset",
        "start_offset >= 0",
        "bronze_rows >= 0",
        "quarantined >= 0",
        "skipped >= 0",
        "kind <> 'records' OR bronze_rows + quarantined + skipped = end_offset - start_offset",
        "kind <> 'accepted_gap' OR bronze_rows + quarantined + skipped = 0",
        "kind <> 'accepted_gap' OR reason IS NOT NULL",
    ),
    "silver.order_refunds": ("refund_date = CAST(refunded_at AS DATE)",),
    "silver.orders_cleaned": ("price > 0", "order_date = CAST(order_timestamp AS DATE)"),
    "silver.clicks_cleaned": (
        _one_of("event_type", "impression", "click"),
        "event_date = CAST(event_timestamp AS DATE)",
    ),
    "silver.attributed_orders": (
        _one_of("model", "last_click", "first_click"),
        "price > 0",
        "order_date = CAST(order_timestamp AS DATE)",
        "credit BETWEEN 0 AND 1",
        "revision > 0",
        "click_timestamp <= order_timestamp OR click_event_id IS NULL",
        "(click_event_id IS NULL) = (clicked_item_id IS NULL)",
        "(click_event_id IS NULL) = (clicked_category IS NULL)",
        "(click_event_id IS NULL) = (click_timestamp IS NULL)",
        "(click_event_id IS NULL) = (seconds_to_order IS NULL)",
        "click_event_id IS NULL OR same_item = (clicked_item_id = item_id)",
    ),
    "ops.outbox": ("revision > 0", "sequence > 0", "order_date = CAST(order_timestamp AS DATE)"),
    "gold.daily_order_metrics": (
        "total_revenue > 0",
        "unique_users BETWEEN 1 AND total_orders",
        "refunded_orders BETWEEN 0 AND total_orders",
        "net_revenue = total_revenue - refunded_revenue",
    ),
    "gold.hourly_order_metrics": (
        "hour BETWEEN 0 AND 23",
        "total_revenue > 0",
        "unique_users BETWEEN 1 AND total_orders",
    ),
    "gold.food_performance": ("total_orders > 0", "revenue > 0", "revenue_rank > 0"),
    "gold.funnel_metrics": ("impressions + clicks > 0", "impressions = 0 OR ctr IS NOT NULL", *_CONVERTED),
    "gold.category_conversion": ("impressions + clicks > 0", *_CONVERTED),
    "gold.click_heatmap": ("hour BETWEEN 0 AND 23", "impressions + clicks > 0"),
    "gold.user_sessions": ("impressions + clicks + orders > 0", "(orders > 0) = (revenue > 0)"),
    "gold.user_engagement": (
        "active_users > 0",
        "impressions + clicks + orders > 0",
        "new_users BETWEEN 0 AND active_users",
        "(sessions = 0) = (clicks_per_session IS NULL)",
    ),
    "gold.user_cohorts": (
        "weeks_since >= 0",
        "active_users BETWEEN 1 AND cohort_users",
        "weeks_since > 0 OR active_users = cohort_users",
        "orders >= active_users",
    ),
    "gold.daily_report": ("generated_at >= CAST(date AS TIMESTAMP)",),
}
"""What else must be true of each row, by table."""
