-- of a day
/* All that is needed of a person's history: who was there on which day. Small, so that it can be searched for firsts. */
WITH events AS (
  SELECT
    event_date AS date,
    user_id,
    session_id,
    CASE WHEN event_type = 'impression' THEN 1 ELSE 0 END AS impressions,
    CASE WHEN event_type = 'click' THEN 1 ELSE 0 END AS clicks,
    0 AS orders,
    CAST(0 AS DECIMAL(18, 2)) AS revenue
  FROM silver.clicks_cleaned
  WHERE
    event_date >= CAST('2026-11-20' AS DATE)
    AND event_date < CAST('2026-11-21' AS DATE)
  UNION ALL
  SELECT
    order_date,
    user_id,
    session_id,
    0,
    0,
    1,
    price
  FROM silver.orders_cleaned
  WHERE
    order_date >= CAST('2026-11-20' AS DATE)
    AND order_date < CAST('2026-11-21' AS DATE)
)
SELECT
  date,
  user_id,
  session_id,
  CAST(SUM(impressions) AS BIGINT) AS impressions,
  CAST(SUM(clicks) AS BIGINT) AS clicks,
  CAST(SUM(orders) AS BIGINT) AS orders,
  CAST(SUM(revenue) AS DECIMAL(18, 2)) AS revenue
FROM events
GROUP BY
  date,
  user_id,
  session_id;
