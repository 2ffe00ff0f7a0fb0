"""Whether ids mean one thing: what people should know of senders that reuse them, and refunds of unknown orders."""

from flowguard.checks.check import DAYS, Check, days_of


def _one_time_per_event(table: str, day: str, instant: str) -> Check:
    return Check(
        table,
        "one_time_per_event",
        "An event_id has one event time, on its day and the day before: a sender that reuses ids loses the protection "
        "against redeliveries",
        f"""
SELECT today.{day}, today.event_id, COUNT(*) AS kept, MIN(kept.{instant}) AS first_time,
    MAX(kept.{instant}) AS last_time
FROM (SELECT DISTINCT {day}, event_id FROM {table} WHERE {DAYS}) AS today
JOIN (SELECT {day}, event_id, {instant} FROM {table} WHERE {days_of(day, 1)}) AS kept
    ON kept.event_id = today.event_id
    AND kept.{day} <= today.{day} AND kept.{day} >= today.{day} - INTERVAL '1' DAY
GROUP BY today.{day}, today.event_id
HAVING COUNT(*) > 1
""",
        day,
        error=False,
    )


ONE_ORDER_PER_ID = Check(
    "silver.orders_cleaned",
    "one_order_per_id",
    "An order_id is one order, also beyond the window in which a second one is a duplicate",
    f"""
SELECT today.order_date, today.order_id, COUNT(*) AS orders, MIN(placed.order_timestamp) AS first_time,
    MAX(placed.order_timestamp) AS last_time
FROM (SELECT DISTINCT order_date, order_id FROM silver.orders_cleaned WHERE {DAYS}) AS today
JOIN silver.orders_cleaned AS placed ON placed.order_id = today.order_id
GROUP BY today.order_date, today.order_id
HAVING COUNT(*) > 1
""",
    "order_date",
    error=False,
)
ONE_REFUND_PER_ORDER = Check(
    "silver.order_refunds",
    "one_refund_per_order",
    "An order is refunded once, whichever day",
    f"""
SELECT today.refund_date, today.order_id, COUNT(*) AS refunds
FROM (SELECT DISTINCT refund_date, order_id FROM silver.order_refunds WHERE {DAYS}) AS today
JOIN silver.order_refunds AS refund ON refund.order_id = today.order_id
GROUP BY today.refund_date, today.order_id
HAVING COUNT(*) > 1
""",
    "refund_date",
)
REFUND_HAS_ORDER = Check(
    "silver.order_refunds",
    "order_has_arrived",
    "A refund's order has arrived",
    f"""
SELECT refund_date, event_id, order_id, user_id, refunded_at
FROM silver.order_refunds
WHERE {DAYS} AND NOT EXISTS (
    SELECT 1 FROM silver.orders_cleaned AS placed WHERE placed.order_id = order_refunds.order_id
)
""",
    "refund_date",
    error=False,
)
IDENTITY = (
    _one_time_per_event("silver.orders_cleaned", "order_date", "order_timestamp"),
    _one_time_per_event("silver.clicks_cleaned", "event_date", "event_timestamp"),
    ONE_ORDER_PER_ID,
    ONE_REFUND_PER_ORDER,
    REFUND_HAS_ORDER,
)
