"""Whether SILVER is what Bronze gives: each row that passed the rules once, kept or a duplicate, and nothing else."""

from flowguard.checks.check import DAYS, Check, days_of, instants_of
from flowguard.checks.flow import PLACE

_PLACE = ", ".join(PLACE)


def _matches_bronze(table: str, day: str, instant: str, kind: str | None, *content: tuple[str, str]) -> Check:
    """``kind``: the event_type of what is kept, where Bronze has others beside it; ``content``: columns that are taken
    over from Bronze, with their types."""
    of_kind = f" AND event_type = '{kind}'" if kind else ""
    raw = "bronze.clicks_raw" if table == "silver.clicks_cleaned" else "bronze.orders_raw"
    duplicates = "silver.click_duplicates" if table == "silver.clicks_cleaned" else "silver.order_duplicates"
    names = ", ".join(name for name, _ in content)
    untold = ", ".join(f"CAST(NULL AS {type}) AS {name}" for name, type in content)
    compared = ("event_id", "event_timestamp", *(name for name, _ in content))
    return Check(
        table,
        "matches_bronze",
        "Each row of Bronze that passed the rules is here once and unchanged, or a duplicate; nothing else is here",
        f"""
SELECT {day}, {_PLACE}, MIN(event_id) AS event_id, SUM(in_bronze) AS in_bronze, SUM(in_silver) AS in_silver
FROM (
    SELECT CAST(event_timestamp AS DATE) AS {day}, {_PLACE}, event_id, event_timestamp, {names},
        1 AS in_bronze, 0 AS in_silver
    FROM {raw}
    WHERE {instants_of("event_timestamp")} AND _rule IS NULL{of_kind}
    UNION ALL
    SELECT {day}, {_PLACE}, event_id, {instant} AS event_timestamp, {names}, 0, 1
    FROM {table}
    WHERE {DAYS}
    UNION ALL
    SELECT event_date, {_PLACE}, event_id, event_timestamp, {untold}, 0, 1
    FROM {duplicates}
    WHERE {days_of("event_date")}{of_kind}
) AS both_sides
GROUP BY {day}, {_PLACE}
HAVING SUM(in_bronze) <> 1 OR SUM(in_silver) <> 1
    OR {" OR ".join(f"MIN({name}) <> MAX({name})" for name in compared)}
""",
        day,
    )


ORIGINAL_IS_KEPT = Check(
    "silver.click_duplicates",
    "original_is_kept",
    "What a duplicate repeats is among the clicks",
    f"""
SELECT twin.event_date, twin.event_id, twin.event_timestamp, {", ".join(f"twin.{column}" for column in PLACE)}
FROM (SELECT * FROM silver.click_duplicates WHERE {DAYS}) AS twin
LEFT JOIN (SELECT event_id, event_timestamp FROM silver.clicks_cleaned WHERE {days_of("event_date")}) AS kept
    ON kept.event_id = twin.event_id AND kept.event_timestamp = twin.event_timestamp
WHERE kept.event_id IS NULL
""",
    "event_date",
)
REFUNDED_AS_TOLD = Check(
    "silver.orders_cleaned",
    "refunded_as_told",
    "An order is refunded if there is a refund for it, and when that says",
    f"""
SELECT placed.order_date, placed.order_id, placed.refunded_at, refund.refunded_at AS told
FROM (SELECT order_date, order_id, refunded_at FROM silver.orders_cleaned WHERE {DAYS}) AS placed
LEFT JOIN silver.order_refunds AS refund ON refund.order_id = placed.order_id
WHERE placed.refunded_at IS DISTINCT FROM refund.refunded_at
""",
    "order_date",
)
_ID, _MONEY = "VARCHAR", "DECIMAL(18, 2)"
SILVER = (
    _matches_bronze(
        *("silver.orders_cleaned", "order_date", "order_timestamp", "order_placed"),
        *(("order_id", _ID), ("user_id", _ID), ("item_id", _ID), ("price", _MONEY)),
    ),
    _matches_bronze(
        *("silver.order_refunds", "refund_date", "refunded_at", "order_refunded"),
        *(("order_id", _ID), ("user_id", _ID)),
    ),
    _matches_bronze(
        *("silver.clicks_cleaned", "event_date", "event_timestamp", None),
        *(("event_type", _ID), ("user_id", _ID), ("item_id", _ID), ("category", _ID)),
    ),
    ORIGINAL_IS_KEPT,
    REFUNDED_AS_TOLD,
)
