-- A funnel is a cohort of clicks: an order counts on the day, and for the item, of the click that led to it.
WITH named AS (
    SELECT
        event_date, item_id, event_type,
        FIRST_VALUE(item_name) OVER (
            PARTITION BY event_date, item_id ORDER BY event_timestamp DESC, event_id DESC
        ) AS item_name,
        FIRST_VALUE(category) OVER (
            PARTITION BY event_date, item_id ORDER BY event_timestamp DESC, event_id DESC
        ) AS category
    FROM silver.clicks_cleaned
    WHERE event_date >= $first_day AND event_date < $end_day
),
counted AS (
    SELECT
        event_date, item_id,
        MAX(item_name) AS item_name,
        MAX(category) AS category,
        COUNT(CASE WHEN event_type = 'impression' THEN 1 END) AS impressions,
        COUNT(CASE WHEN event_type = 'click' THEN 1 END) AS clicks
    FROM named
    GROUP BY event_date, item_id
),
converted AS (
    SELECT
        CAST(click_timestamp AS DATE) AS event_date,
        clicked_item_id AS item_id,
        COUNT(*) AS orders,
        SUM(price) AS revenue
    FROM silver.attributed_orders
    WHERE model = 'last_click' AND click_timestamp >= $start AND click_timestamp < $end
    GROUP BY click_event_id, click_timestamp, clicked_item_id
),
summed AS (
    SELECT
        event_date, item_id,
        COUNT(*) AS converted_clicks,
        SUM(orders) AS attributed_orders,
        SUM(revenue) AS attributed_revenue
    FROM converted
    GROUP BY event_date, item_id
)
SELECT
    counted.event_date AS date, counted.item_id, counted.item_name, counted.category,
    counted.impressions, counted.clicks,
    PERCENT_OF(counted.clicks, counted.impressions) AS ctr,
    COALESCE(summed.converted_clicks, 0) AS converted_clicks,
    CAST(COALESCE(summed.attributed_orders, 0) AS BIGINT) AS attributed_orders,
    CAST(COALESCE(summed.attributed_revenue, 0) AS DECIMAL(18, 2)) AS attributed_revenue,
    PERCENT_OF(COALESCE(summed.converted_clicks, 0), counted.clicks) AS click_to_order_rate
FROM counted
LEFT JOIN summed ON summed.event_date = counted.event_date AND summed.item_id = counted.item_id
