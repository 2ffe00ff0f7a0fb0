"""What was sold. Gross: only net_revenue subtracts refunds."""

from flowguard.dashboard.query import Query

DAILY = Query("""
SELECT date, total_orders, total_revenue, refunded_revenue, net_revenue, unique_users, avg_order_value
FROM gold.daily_order_metrics
WHERE date >= $first AND date <= $last
ORDER BY date
""")
HOURS = Query("""
SELECT date, hour, total_orders, total_revenue
FROM gold.hourly_order_metrics
WHERE date >= $first AND date <= $last
ORDER BY date, hour
""")
BY_DAY_AND_CATEGORY = Query("""
SELECT date, category, CAST(SUM(total_orders) AS BIGINT) AS orders, SUM(revenue) AS revenue
FROM gold.food_performance
WHERE date >= $first AND date <= $last
GROUP BY date, category
ORDER BY date, category
""")
BY_HOUR = Query("""
SELECT hour, CAST(SUM(total_orders) AS BIGINT) AS orders, SUM(total_revenue) AS revenue
FROM gold.hourly_order_metrics
WHERE date >= $first AND date <= $last
GROUP BY hour
ORDER BY hour
""")
SELLERS = Query("""
SELECT
    item_id, category, MAX_BY(item_name, date) AS item_name, MAX(date) AS last_day,
    CAST(SUM(total_orders) AS BIGINT) AS orders, SUM(revenue) AS revenue
FROM gold.food_performance
WHERE date >= $first AND date <= $last
GROUP BY item_id, category
ORDER BY revenue DESC, item_id
""")
