-- of a day
WITH placed AS (
  SELECT
    order_date,
    CAST(DATE_PART(HOUR, order_timestamp) AS INT) AS hour,
    price,
    user_id
  FROM silver.orders_cleaned
  WHERE
    order_date >= CAST('2026-11-20' AS DATE)
    AND order_date < CAST('2026-11-21' AS DATE)
)
SELECT
  order_date AS date,
  hour,
  COUNT(*) AS total_orders,
  CAST(SUM(price) AS DECIMAL(18, 2)) AS total_revenue,
  COUNT(DISTINCT user_id) AS unique_users
FROM placed
GROUP BY
  order_date,
  hour;
