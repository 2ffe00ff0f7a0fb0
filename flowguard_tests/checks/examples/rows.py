"""Rows that repeat a key, lack a value, or hold one that they may not hold."""

from collections.abc import Iterator

from flowguard.checks.registry import CHECKS
from flowguard.models.registry import BY_NAME
from flowguard_tests.checks.examples.example import Example, one_row


def _repeated(table: str) -> str:
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE {one_row(table)}"


INVALID: dict[str, tuple[tuple[str, str], ...]] = {
    "bronze.orders_raw": (
        ("event_type = 'order_lost'", "TRUE"),
        ("_rule = 'no such rule'", "TRUE"),
        ("price = NULL", "_rule IS NULL"),
    ),
    "bronze.clicks_raw": (("event_type = 'glance'", "TRUE"), ("_rule = 'no such rule'", "TRUE")),
    "ops.quarantine": (
        ("stage = 'gold'", "TRUE"),
        ("status = 'forgotten'", "TRUE"),
        ("redrives = -1", "status = 'open'"),
        ("redrives = 0", "status = 'redriven'"),
        ("reason = NULL", "status = 'discarded'"),
        ("decided_at = NULL", "status = 'discarded'"),
    ),
    "ops.ingest_ranges": (
        ("kind = 'guess'", "TRUE"),
        ("start_offset = 7, end_offset = 7", "kind = 'accepted_gap'"),
        ("start_offset = -1", "kind = 'accepted_gap'"),
        ("bronze_rows = -1, skipped = 6", "arrival_date = DATE '2026-11-20'"),
        ("quarantined = -1, skipped = 2", "arrival_date = DATE '2026-11-20'"),
        ("skipped = -1, bronze_rows = 6", "arrival_date = DATE '2026-11-20'"),
        ("bronze_rows = 4", "arrival_date = DATE '2026-11-20'"),
        ("skipped = 7", "kind = 'accepted_gap'"),
        ("reason = NULL", "kind = 'accepted_gap'"),
    ),
    "silver.order_refunds": (("refunded_at = refunded_at + INTERVAL 1 DAY", "TRUE"),),
    "silver.orders_cleaned": (("price = 0", "TRUE"), ("order_timestamp = TIMESTAMP '2026-11-22 00:00:00'", "TRUE")),
    "silver.clicks_cleaned": (
        ("event_type = 'glance'", "TRUE"),
        ("event_timestamp = TIMESTAMP '2026-11-22 00:00:00'", "TRUE"),
    ),
    "silver.attributed_orders": (
        ("model = 'guess'", "TRUE"),
        ("price = 0", "TRUE"),
        ("order_timestamp = TIMESTAMP '2026-11-22 00:00:00'", "TRUE"),
        ("credit = -0.1", "TRUE"),
        ("credit = 1.1", "TRUE"),
        ("revision = 0", "TRUE"),
        ("click_timestamp = order_timestamp + INTERVAL 1 SECOND", "click_event_id IS NOT NULL"),
        *(
            (f"{column} = NULL", "click_event_id IS NOT NULL")
            for column in ("clicked_item_id", "clicked_category", "seconds_to_order", "same_item")
        ),
        ("click_timestamp = order_timestamp", "click_event_id IS NULL"),
        ("clicked_item_id = 'x'", "click_event_id IS NULL"),
        ("same_item = NOT same_item", "click_event_id IS NOT NULL"),
    ),
    "ops.outbox": (
        ("revision = 0", "TRUE"),
        ("sequence = 0", "TRUE"),
        ("order_timestamp = TIMESTAMP '2026-11-22 00:00:00'", "TRUE"),
    ),
    "gold.daily_order_metrics": (
        ("total_revenue = 0, refunded_revenue = 0, net_revenue = 0", "TRUE"),
        ("unique_users = 0", "TRUE"),
        ("unique_users = total_orders + 1", "TRUE"),
        ("refunded_orders = -1", "TRUE"),
        ("refunded_orders = total_orders + 1", "TRUE"),
        ("net_revenue = net_revenue + 1", "TRUE"),
    ),
    "gold.hourly_order_metrics": (
        ("hour = -1", "TRUE"),
        ("hour = 24", "TRUE"),
        ("total_revenue = 0", "TRUE"),
        ("unique_users = 0", "TRUE"),
        ("unique_users = total_orders + 1", "TRUE"),
    ),
    "gold.food_performance": (("total_orders = 0", "TRUE"), ("revenue = 0", "TRUE"), ("revenue_rank = 0", "TRUE")),
    "gold.funnel_metrics": (
        ("impressions = 0, clicks = 0, converted_clicks = 0", "TRUE"),
        ("ctr = NULL", "impressions > 0"),
        *(
            _CONVERTED := (
                ("converted_clicks = -1", "TRUE"),
                ("converted_clicks = clicks + 1, attributed_orders = clicks + 1", "TRUE"),
                ("attributed_orders = converted_clicks - 1", "TRUE"),
                ("click_to_order_rate = NULL", "clicks > 0"),
            )
        ),
    ),
    "gold.category_conversion": (("impressions = 0, clicks = 0, converted_clicks = 0", "TRUE"), *_CONVERTED),
    "gold.click_heatmap": (("hour = -1", "TRUE"), ("hour = 24", "TRUE"), ("impressions = 0, clicks = 0", "TRUE")),
    "gold.user_sessions": (
        ("impressions = 0, clicks = 0, orders = 0, revenue = 0", "TRUE"),
        ("revenue = 0", "orders > 0"),
    ),
    "gold.user_engagement": (
        ("active_users = 0, new_users = 0", "TRUE"),
        ("impressions = 0, clicks = 0, orders = 0", "TRUE"),
        ("new_users = -1", "TRUE"),
        ("new_users = active_users + 1", "TRUE"),
        ("clicks_per_session = NULL", "sessions > 0"),
    ),
    "gold.user_cohorts": (
        ("weeks_since = -1", "TRUE"),
        ("weeks_since = 1, active_users = 0", "TRUE"),
        ("weeks_since = 1, active_users = cohort_users + 1, orders = 9", "TRUE"),
        ("cohort_users = cohort_users + 1", "weeks_since = 0"),
        ("orders = active_users - 1", "TRUE"),
    ),
    "gold.daily_report": (("generated_at = TIMESTAMP '2026-11-19 23:59:59'", "TRUE"),),
}
"""By table: what to set, and where, so that a row holds what it may not hold."""
VALID: dict[str, tuple[tuple[str, str], ...]] = {
    "bronze.clicks_raw": (("_rule = 'future'", "TRUE"),),
    "gold.user_cohorts": (("weeks_since = 1, cohort_users = cohort_users + 1", "TRUE"),),
}
"""The same for what it may hold, although nothing of the kind is in the world."""


def examples() -> Iterator[Example]:
    for check in CHECKS:
        table = BY_NAME[check.table]
        day = table.day
        if check.name == "keys_unique":
            found = f"SELECT CAST({day or 'NULL'} AS VARCHAR) FROM {check.table} WHERE {one_row(check.table)}"
            yield Example(check.table, check.name, _repeated(check.table), ((found, 2),), "copies")
        if check.name == "rows_valid":
            for change, where in VALID.get(check.table, ()):
                row = one_row(check.table, where)
                yield Example(check.table, check.name, f"UPDATE {check.table} SET {change} WHERE {row}")
            nulls = [(f"{column.name} = NULL", "TRUE") for column in table.columns if column.required]
            for change, where in (*nulls, *INVALID.get(check.table, ())):
                if change == f"{day} = NULL":
                    continue
                row = one_row(check.table, where)
                found = f"SELECT CAST({day or 'NULL'} AS VARCHAR) FROM {check.table} WHERE {row}"
                yield Example(
                    check.table, check.name, f"UPDATE {check.table} SET {change} WHERE {row}", ((found, None),)
                )
