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
)
SELECT
    event_date AS date, item_id, item_name, category, impressions, clicks,
    PERCENT_OF(clicks, impressions) AS ctr
FROM counted
