"""Whether GOLD adds up to what it is computed from, day by day, wherever it is not still behind."""

from flowguard.checks.check import DAYS, Check, days_of, instants_of

BEHIND = """
SELECT day FROM ops.dirty_days
UNION ALL
SELECT day FROM ops.check_failures
WHERE day IS NOT NULL AND severity = 'ERROR' AND overridden_at IS NULL
    AND (table_name LIKE 'bronze.%' OR table_name LIKE 'silver.%')
"""
"""Days that GOLD has still to refresh, or that are held back: it may differ from its sources there."""
_IMPRESSIONS = "CASE WHEN event_type = 'impression' THEN 1 ELSE 0 END"
_CLICKED = "CASE WHEN event_type = 'click' THEN 1 ELSE 0 END"


def _adds_up(
    table: str,
    figures: dict[str, str],
    source: tuple[str, str],
    *,
    grain: dict[str, str] | None = None,
    of: str,
    name: str = "adds_up",
    day: str = "date",
) -> Check:
    """``figures``: sums of the table's columns, with what is summed up in the source's rows instead. ``grain``: what is
    compared beside the day, column by column; ``source``: the day of its rows, and where they are."""
    grain = grain or {}
    keys = ", ".join((day, *grain))
    ours = ", ".join(f"{column} AS {column}, 0 AS {column}_expected" for column in figures)
    theirs = ", ".join(f"0 AS {column}, {expected} AS {column}_expected" for column, expected in figures.items())
    sums = ", ".join(f"SUM({column}) AS {column}, SUM({column}_expected) AS {column}_expected" for column in figures)
    differ = " OR ".join(f"SUM({column}) <> SUM({column}_expected)" for column in figures)
    of_grain = "".join(f", {expression} AS {column}" for column, expression in grain.items())
    source_day, rows = source
    return Check(
        table,
        name,
        f"{', '.join(figures)}: what {of} gives, on each day that GOLD has caught up with",
        f"""
SELECT {keys}, {sums}
FROM (
    SELECT {keys}, {ours}
    FROM {table}
    WHERE {DAYS}
    UNION ALL
    SELECT {source_day} AS {day}{of_grain}, {theirs}
    FROM {rows}
) AS both_sides
WHERE {day} NOT IN ({BEHIND})
GROUP BY {keys}
HAVING {differ}
""",
        day,
    )


_VIEWS = {"impressions": _IMPRESSIONS, "clicks": _CLICKED}
_LED_TO = {"attributed_orders": "1", "attributed_revenue": "price"}
_SOLD = ("order_date", f"silver.orders_cleaned WHERE {days_of('order_date')}")
_SEEN = ("event_date", f"silver.clicks_cleaned WHERE {days_of('event_date')}")
_CONVERTED = (
    "CAST(click_timestamp AS DATE)",
    f"silver.attributed_orders WHERE model = 'last_click' AND {instants_of('click_timestamp')}",
)
GOLD = (
    _adds_up(
        "gold.daily_order_metrics",
        {
            "total_orders": "1",
            "total_revenue": "price",
            "refunded_orders": "CASE WHEN refunded_at IS NULL THEN 0 ELSE 1 END",
            "refunded_revenue": "CASE WHEN refunded_at IS NULL THEN 0 ELSE price END",
        },
        _SOLD,
        of="silver.orders_cleaned",
    ),
    _adds_up(
        "gold.hourly_order_metrics",
        {"total_orders": "1", "total_revenue": "price"},
        _SOLD,
        grain={"hour": "CAST(EXTRACT(HOUR FROM order_timestamp) AS INTEGER)"},
        of="silver.orders_cleaned",
    ),
    _adds_up(
        "gold.food_performance",
        {"total_orders": "1", "revenue": "price"},
        _SOLD,
        grain={"item_id": "item_id"},
        of="silver.orders_cleaned",
    ),
    _adds_up("gold.funnel_metrics", _VIEWS, _SEEN, grain={"item_id": "item_id"}, of="silver.clicks_cleaned"),
    _adds_up(
        "gold.funnel_metrics",
        _LED_TO,
        _CONVERTED,
        grain={"item_id": "clicked_item_id"},
        of="silver.attributed_orders",
        name="attributed_adds_up",
    ),
    _adds_up("gold.category_conversion", _VIEWS, _SEEN, of="silver.clicks_cleaned"),
    _adds_up("gold.category_conversion", _LED_TO, _CONVERTED, of="silver.attributed_orders", name="attributed_adds_up"),
    _adds_up(
        "gold.click_heatmap",
        _VIEWS,
        _SEEN,
        grain={"hour": "CAST(EXTRACT(HOUR FROM event_timestamp) AS INTEGER)"},
        of="silver.clicks_cleaned",
    ),
    _adds_up("gold.user_sessions", _VIEWS, _SEEN, grain={"user_id": "user_id"}, of="silver.clicks_cleaned"),
    _adds_up(
        "gold.user_sessions",
        {"orders": "1", "revenue": "price"},
        _SOLD,
        grain={"user_id": "user_id"},
        of="silver.orders_cleaned",
        name="orders_add_up",
    ),
    _adds_up(
        "gold.user_engagement",
        {"impressions": "impressions", "clicks": "clicks", "orders": "orders"},
        ("date", f"gold.user_sessions WHERE {days_of('date')}"),
        of="gold.user_sessions",
    ),
    _adds_up(
        "gold.flow_ledger",
        {"offsets": "end_offset - start_offset", "skipped": "CASE WHEN kind = 'records' THEN skipped ELSE 0 END"},
        ("arrival_date", f"ops.ingest_ranges WHERE {days_of('arrival_date')}"),
        grain={"topic": "topic"},
        of="ops.ingest_ranges",
        day="arrival_date",
    ),
    Check(
        "gold.user_cohorts",
        "adds_up",
        "orders, revenue: what gold.user_sessions gives, whenever GOLD has caught up",
        """
SELECT SUM(orders) AS orders, SUM(revenue) AS revenue, SUM(orders_expected) AS orders_expected,
    SUM(revenue_expected) AS revenue_expected
FROM (
    SELECT orders, revenue, 0 AS orders_expected, 0 AS revenue_expected FROM gold.user_cohorts
    UNION ALL
    SELECT 0, 0, orders, revenue FROM gold.user_sessions
) AS both_sides
WHERE NOT EXISTS (SELECT 1 FROM ops.dirty_days WHERE table_name LIKE 'gold.%')
HAVING SUM(orders) <> SUM(orders_expected) OR SUM(revenue) <> SUM(revenue_expected)
""",
        None,
    ),
)
