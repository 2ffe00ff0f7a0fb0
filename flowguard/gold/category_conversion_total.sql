WITH totals AS (
    SELECT
        category,
        CAST(SUM(impressions) AS BIGINT) AS impressions,
        CAST(SUM(clicks) AS BIGINT) AS clicks,
        CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks,
        CAST(SUM(attributed_orders) AS BIGINT) AS attributed_orders,
        CAST(SUM(attributed_revenue) AS DECIMAL(18, 2)) AS attributed_revenue
    FROM gold.category_conversion
    GROUP BY category
)
SELECT
    category, impressions, clicks,
    PERCENT_OF(clicks, impressions) AS ctr,
    converted_clicks, attributed_orders, attributed_revenue,
    PERCENT_OF(converted_clicks, clicks) AS click_to_order_rate
FROM totals
