-- of a day
/* The funnels of a day's items by category; like an item's name, its category is the latest of the day. */
WITH named AS (
  SELECT
    event_date,
    item_id,
    event_type,
    FIRST_VALUE(category) OVER (
      PARTITION BY event_date, item_id
      ORDER BY event_timestamp DESC NULLS LAST, event_id DESC NULLS LAST
    ) AS category
  FROM silver.clicks_cleaned
  WHERE
    event_date >= CAST('2026-11-20' AS DATE)
    AND event_date < CAST('2026-11-21' AS DATE)
), counted AS (
  SELECT
    event_date,
    item_id,
    MAX(category) AS category,
    COUNT(CASE WHEN event_type = 'impression' THEN 1 END) AS impressions,
    COUNT(CASE WHEN event_type = 'click' THEN 1 END) AS clicks
  FROM named
  GROUP BY
    event_date,
    item_id
), converted AS (
  SELECT
    CAST(click_timestamp AS DATE) AS event_date,
    clicked_item_id AS item_id,
    COUNT(*) AS orders,
    SUM(price) AS revenue
  FROM silver.attributed_orders
  WHERE
    model = 'last_click'
    AND click_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND click_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  GROUP BY
    click_event_id,
    click_timestamp,
    clicked_item_id
), summed AS (
  SELECT
    event_date,
    item_id,
    COUNT(*) AS converted_clicks,
    SUM(orders) AS attributed_orders,
    SUM(revenue) AS attributed_revenue
  FROM converted
  GROUP BY
    event_date,
    item_id
), totals AS (
  SELECT
    counted.event_date,
    counted.category,
    CAST(SUM(counted.impressions) AS BIGINT) AS impressions,
    CAST(SUM(counted.clicks) AS BIGINT) AS clicks,
    CAST(SUM(COALESCE(summed.converted_clicks, 0)) AS BIGINT) AS converted_clicks,
    CAST(SUM(COALESCE(summed.attributed_orders, 0)) AS BIGINT) AS attributed_orders,
    CAST(SUM(COALESCE(summed.attributed_revenue, 0)) AS DECIMAL(18, 2)) AS attributed_revenue
  FROM counted
  LEFT JOIN summed
    ON summed.event_date = counted.event_date AND summed.item_id = counted.item_id
  GROUP BY
    counted.event_date,
    counted.category
)
SELECT
  event_date AS date,
  category,
  impressions,
  clicks,
  converted_clicks,
  attributed_orders,
  attributed_revenue,
  CASE
    WHEN clicks > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * converted_clicks * 1000000 + clicks
          ) - (
            2 * converted_clicks * 1000000 + clicks
          ) % (
            2 * clicks
          )
        ) / (
          2 * clicks
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS click_to_order_rate
FROM totals;
