"""Whether every order is attributed once, to a click that exists, and told to others as it is."""

from flowguard.checks.check import DAYS, Check, days_of

_EARLIER_DAYS = 7
"""Clicks of earlier days are not looked for: the window of attribution is half an hour as a rule."""
CREDIT_CONSERVED = Check(
    "silver.attributed_orders",
    "credit_conserved",
    "Every order is attributed; per order and model the credits sum to exactly 1, and nothing but orders is "
    "attributed; so attributed and unattributed revenue make up the revenue",
    f"""
WITH placed AS (
    SELECT order_id, order_timestamp, order_date, price FROM silver.orders_cleaned WHERE {DAYS}
),
attributed AS (
    SELECT order_id, order_timestamp, order_date, model, SUM(credit) AS credit, SUM(price * credit) AS revenue
    FROM silver.attributed_orders
    WHERE {DAYS}
    GROUP BY order_id, order_timestamp, order_date, model
)
SELECT placed.order_date, placed.order_id, placed.order_timestamp, 'last_click' AS model, 0 AS credit, placed.price,
    0 AS revenue
FROM placed
LEFT JOIN attributed
    ON attributed.order_id = placed.order_id AND attributed.order_timestamp = placed.order_timestamp
    AND attributed.model = 'last_click'
WHERE attributed.order_id IS NULL
UNION ALL
SELECT attributed.order_date, attributed.order_id, attributed.order_timestamp, attributed.model, attributed.credit,
    placed.price, attributed.revenue
FROM attributed
LEFT JOIN placed ON placed.order_id = attributed.order_id AND placed.order_timestamp = attributed.order_timestamp
WHERE placed.order_id IS NULL OR attributed.credit <> 1 OR attributed.revenue <> placed.price
""",
    "order_date",
)
CLICK_EXISTS = Check(
    "silver.attributed_orders",
    "click_exists",
    f"A click that gets credit is a click of the same person, dish and category; those more than {_EARLIER_DAYS} days "
    "before the order's day are not looked for",
    f"""
SELECT attributed.order_date, attributed.order_id, attributed.model, attributed.user_id, attributed.click_event_id,
    attributed.click_timestamp
FROM (
    SELECT * FROM silver.attributed_orders
    WHERE {DAYS} AND click_timestamp >= order_date - INTERVAL '{_EARLIER_DAYS}' DAY
) AS attributed
LEFT JOIN (
    SELECT * FROM silver.clicks_cleaned WHERE {days_of("event_date", _EARLIER_DAYS)} AND event_type = 'click'
) AS clicked
    ON clicked.event_id = attributed.click_event_id AND clicked.event_timestamp = attributed.click_timestamp
    AND clicked.user_id = attributed.user_id AND clicked.item_id = attributed.clicked_item_id
    AND clicked.category = attributed.clicked_category
WHERE clicked.event_id IS NULL
""",
    "order_date",
)
TOLD_AS_ATTRIBUTED = Check(
    "ops.outbox",
    "told_as_attributed",
    "What is told of an order and model is what silver.attributed_orders holds, by its revision; and all of it is told",
    f"""
SELECT order_date, order_id, order_timestamp, model, SUM(told) AS told, SUM(attributed) AS attributed,
    MIN(revision) AS lower_revision, MAX(revision) AS higher_revision
FROM (
    SELECT order_date, order_id, order_timestamp, model, revision, 1 AS told, 0 AS attributed
    FROM ops.outbox
    WHERE {DAYS} AND digest IS NOT NULL
    UNION ALL
    SELECT order_date, order_id, order_timestamp, model, revision, 0, 1
    FROM silver.attributed_orders
    WHERE {DAYS}
) AS rows_of_both
GROUP BY order_date, order_id, order_timestamp, model
HAVING SUM(told) <> SUM(attributed) OR MIN(revision) <> MAX(revision)
""",
    "order_date",
)
ATTRIBUTION = (CREDIT_CONSERVED, CLICK_EXISTS, TOLD_AS_ATTRIBUTED)
