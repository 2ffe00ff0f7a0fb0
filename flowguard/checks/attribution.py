"""Whether every order is attributed once, and to clicks as often as usual."""

from flowguard.checks.check import DAYS, Check

CREDIT_CONSERVED = Check(
    "silver.attributed_orders",
    "credit_conserved",
    "Per order and model the credits sum to exactly 1, and nothing but orders is attributed; so attributed and "
    "unattributed revenue make up the revenue",
    f"""
WITH models AS (
    SELECT 'last_click' AS model
    UNION
    SELECT model FROM silver.attributed_orders WHERE {DAYS}
),
placed AS (
    SELECT order_id, order_timestamp, order_date, price FROM silver.orders_cleaned WHERE {DAYS}
),
attributed AS (
    SELECT order_id, order_timestamp, order_date, model, SUM(credit) AS credit, SUM(price * credit) AS revenue
    FROM silver.attributed_orders
    WHERE {DAYS}
    GROUP BY order_id, order_timestamp, order_date, model
)
SELECT
    placed.order_id, placed.order_timestamp, placed.order_date, models.model, attributed.credit, placed.price,
    attributed.revenue
FROM placed
CROSS JOIN models
LEFT JOIN attributed
    ON attributed.order_id = placed.order_id AND attributed.order_timestamp = placed.order_timestamp
    AND attributed.model = models.model
WHERE COALESCE(attributed.credit, 0) <> 1 OR attributed.revenue <> placed.price
UNION ALL
SELECT
    attributed.order_id, attributed.order_timestamp, attributed.order_date, attributed.model, attributed.credit,
    placed.price, attributed.revenue
FROM attributed
LEFT JOIN placed ON placed.order_id = attributed.order_id AND placed.order_timestamp = attributed.order_timestamp
WHERE placed.order_id IS NULL
""",
    "order_date",
)
FEWEST_ORDERS = 50
"""A day with fewer says nothing about shares."""
FEWEST_DAYS = 7
MORE_POINTS = 5
UNATTRIBUTED_SHARE = Check(
    "silver.attributed_orders",
    "unattributed_share",
    f"The share of a day's orders without a click is at most {MORE_POINTS} points above the highest of the 28 days "
    f"before (of {FEWEST_DAYS} days at least, each with {FEWEST_ORDERS} orders): more means that clicks get lost",
    f"""
WITH shares AS (
    SELECT
        order_date,
        COUNT(*) AS orders,
        100.0 * SUM(CASE WHEN click_event_id IS NULL THEN 1 ELSE 0 END) / COUNT(*) AS percent_unattributed
    FROM silver.attributed_orders
    WHERE
        model = 'last_click'
        AND order_date >= (SELECT MIN(order_date) FROM silver.attributed_orders WHERE {DAYS}) - INTERVAL '28' DAY
    GROUP BY order_date
    HAVING COUNT(*) >= {FEWEST_ORDERS}
)
SELECT
    today.order_date, today.orders, today.percent_unattributed,
    MAX(before.percent_unattributed) AS highest_before
FROM (SELECT * FROM shares WHERE {DAYS}) AS today
JOIN shares AS before
    ON before.order_date < today.order_date AND before.order_date >= today.order_date - INTERVAL '28' DAY
GROUP BY today.order_date, today.orders, today.percent_unattributed
HAVING COUNT(*) >= {FEWEST_DAYS} AND today.percent_unattributed > MAX(before.percent_unattributed) + {MORE_POINTS}
""",
    "order_date",
    error=False,
)
ATTRIBUTION = (CREDIT_CONSERVED, UNATTRIBUTED_SHARE)
