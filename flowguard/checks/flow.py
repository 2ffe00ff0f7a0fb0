"""Whether every event is accounted for, and what people should know about the events that came."""

from flowguard.checks.check import DAYS, Check

# A range is compared with the one before it, which may be of an earlier day.
_EARLIER = "INTERVAL '7' DAY"

EXACTLY_ONCE = Check(
    "ops.ingest_ranges",
    "exactly_once",
    "Per topic, generation and partition each range begins where the one before it ended: no gap, no overlap",
    f"""
SELECT arrival_date, topic, generation, partition, previous_end, start_offset, end_offset, run_id, committed_at
FROM (
    SELECT
        topic, generation, partition, start_offset, end_offset, arrival_date, run_id, committed_at,
        LAG(end_offset) OVER (
            PARTITION BY topic, generation, partition ORDER BY start_offset, end_offset
        ) AS previous_end
    FROM ops.ingest_ranges
    WHERE arrival_date >= (SELECT MIN(arrival_date) FROM ops.ingest_ranges WHERE {DAYS}) - {_EARLIER}
) AS ranges
WHERE {DAYS} AND previous_end <> start_offset
""",
    "arrival_date",
)
LEDGER_BALANCED = Check(
    "gold.flow_ledger",
    "balanced",
    "offsets = bronze_rows + quarantined + skipped + lost, and bronze_rows = silver_rows + duplicates + rejected",
    f"SELECT * FROM gold.flow_ledger WHERE {DAYS} AND NOT balanced",
    "arrival_date",
)
LARGEST_SHARE_PERCENT = 5
"""Of a topic's records of a day: more of them waiting in quarantine is something that a person should know."""
QUARANTINE_SHARE = Check(
    "ops.quarantine",
    "quarantine_share",
    f"At most {LARGEST_SHARE_PERCENT} % of a day's records of a topic are open entries; what the gateway refused, and "
    "what a person discarded, does not count",
    f"""
SELECT _arrival_date, _topic, records, quarantined
FROM (
    SELECT _arrival_date, _topic, SUM(records) AS records, SUM(quarantined) AS quarantined
    FROM (
        SELECT _arrival_date, _topic, 0 AS records, 1 AS quarantined
        FROM ops.quarantine
        WHERE status = 'open' AND stage <> 'gateway'
        UNION ALL
        SELECT arrival_date AS _arrival_date, topic AS _topic, end_offset - start_offset - skipped AS records, 0
        FROM ops.ingest_ranges
        WHERE kind = 'records'
    ) AS counted
    WHERE {DAYS}
    GROUP BY _arrival_date, _topic
) AS shares
WHERE 100 * quarantined > {LARGEST_SHARE_PERCENT} * records
""",
    "_arrival_date",
    error=False,
)


def _one_time_per_event(table: str, day: str, instant: str) -> Check:
    return Check(
        table,
        "one_time_per_event",
        "An event_id has one event time: a sender that reuses ids loses the protection against redeliveries",
        f"SELECT {day}, event_id, COUNT(*) AS kept, MIN({instant}) AS first_time, MAX({instant}) AS last_time "
        f"FROM {table} WHERE {DAYS} GROUP BY {day}, event_id HAVING COUNT(*) > 1",
        day,
        error=False,
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
ONE_ORDER_PER_ID = Check(
    "silver.orders_cleaned",
    "one_order_per_id",
    "An order_id is one order, also beyond the window in which a second one is a duplicate",
    f"""
SELECT day.order_date, day.order_id, COUNT(*) AS orders, MIN(placed.order_timestamp) AS first_time,
    MAX(placed.order_timestamp) AS last_time
FROM (SELECT DISTINCT order_date, order_id FROM silver.orders_cleaned WHERE {DAYS}) AS day
JOIN silver.orders_cleaned AS placed ON placed.order_id = day.order_id
GROUP BY day.order_date, day.order_id
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
SELECT day.refund_date, day.order_id, COUNT(*) AS refunds
FROM (SELECT DISTINCT refund_date, order_id FROM silver.order_refunds WHERE {DAYS}) AS day
JOIN silver.order_refunds AS refund ON refund.order_id = day.order_id
GROUP BY day.refund_date, day.order_id
HAVING COUNT(*) > 1
""",
    "refund_date",
)

FLOW = (
    QUARANTINE_SHARE,
    EXACTLY_ONCE,
    _one_time_per_event("silver.orders_cleaned", "order_date", "order_timestamp"),
    _one_time_per_event("silver.clicks_cleaned", "event_date", "event_timestamp"),
    REFUND_HAS_ORDER,
    ONE_REFUND_PER_ORDER,
    ONE_ORDER_PER_ID,
    LEDGER_BALANCED,
)
