"""What was seen and clicked, and which clicks became orders. A funnel counts on the day of the click."""

from flowguard.dashboard.query import Query

HEATMAP = Query("""
SELECT hour, category, CAST(SUM(impressions) AS BIGINT) AS impressions, CAST(SUM(clicks) AS BIGINT) AS clicks
FROM gold.click_heatmap
WHERE date >= $first AND date <= $last
GROUP BY hour, category
ORDER BY category, hour
""")
BY_DAY_AND_CATEGORY = Query("""
SELECT date, category, impressions, clicks, converted_clicks
FROM gold.category_conversion
WHERE date >= $first AND date <= $last
ORDER BY date, category
""")
CONVERSION = Query("""
SELECT
    category, CAST(SUM(impressions) AS BIGINT) AS impressions, CAST(SUM(clicks) AS BIGINT) AS clicks,
    CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks,
    CAST(SUM(attributed_orders) AS BIGINT) AS attributed_orders, SUM(attributed_revenue) AS attributed_revenue
FROM gold.category_conversion
WHERE date >= $first AND date <= $last
GROUP BY category
ORDER BY category
""")
DISHES = Query("""
SELECT
    item_id, category, MAX_BY(item_name, date) AS item_name, MAX(date) AS last_day,
    CAST(SUM(clicks) AS BIGINT) AS clicks, CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks
FROM gold.funnel_metrics
WHERE date >= $first AND date <= $last
GROUP BY item_id, category
ORDER BY clicks DESC, item_id
""")
MODELS = Query("""
SELECT clicked_category AS category, model, COUNT(*) AS orders, SUM(price) AS revenue
FROM silver.attributed_orders
WHERE order_date >= $first AND order_date <= $last
GROUP BY clicked_category, model
ORDER BY clicked_category, model
""")
TIME_TO_ORDER = Query("""
SELECT
    clicked_category AS category, CAST(10 * FLOOR(seconds_to_order / 10) AS INTEGER) AS seconds, COUNT(*) AS orders
FROM silver.attributed_orders
WHERE order_date >= $first AND order_date <= $last AND model = 'last_click' AND click_event_id IS NOT NULL
GROUP BY clicked_category, CAST(10 * FLOOR(seconds_to_order / 10) AS INTEGER)
ORDER BY clicked_category, seconds
""")
