-- of a day
/* A funnel is a cohort of clicks: an order counts on the day, and for the item, of the click that led to it. */
WITH named AS (
  SELECT
    event_date,
    item_id,
    event_type,
    FIRST_VALUE(item_name) OVER (
      PARTITION BY event_date, item_id
      ORDER BY event_timestamp DESC NULLS LAST, event_id DESC NULLS LAST
    ) AS item_name,
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
    MAX(item_name) AS item_name,
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
)
SELECT
  counted.event_date AS date,
  counted.item_id,
  counted.item_name,
  counted.category,
  counted.impressions,
  counted.clicks,
  CASE
    WHEN counted.impressions > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * counted.clicks * 1000000 + counted.impressions
          ) - (
            2 * counted.clicks * 1000000 + counted.impressions
          ) % (
            2 * counted.impressions
          )
        ) / (
          2 * counted.impressions
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS ctr,
  COALESCE(summed.converted_clicks, 0) AS converted_clicks,
  CAST(COALESCE(summed.attributed_orders, 0) AS BIGINT) AS attributed_orders,
  CAST(COALESCE(summed.attributed_revenue, 0) AS DECIMAL(18, 2)) AS attributed_revenue,
  CASE
    WHEN counted.clicks > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * COALESCE(summed.converted_clicks, 0) * 1000000 + counted.clicks
          ) - (
            2 * COALESCE(summed.converted_clicks, 0) * 1000000 + counted.clicks
          ) % (
            2 * counted.clicks
          )
        ) / (
          2 * counted.clicks
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS click_to_order_rate
FROM counted
LEFT JOIN summed
  ON summed.event_date = counted.event_date AND summed.item_id = counted.item_id;
