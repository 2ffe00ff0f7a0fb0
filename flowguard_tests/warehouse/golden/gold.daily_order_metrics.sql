-- of a day
SELECT
  order_date AS date,
  COUNT(*) AS total_orders,
  CAST(SUM(price) AS DECIMAL(18, 2)) AS total_revenue,
  COUNT(DISTINCT user_id) AS unique_users,
  CAST(CAST((
    CAST(TRUNC(
      (
        (
          2 * CAST(SUM(price) * 100 AS BIGINT) + COUNT(*)
        ) - (
          2 * CAST(SUM(price) * 100 AS BIGINT) + COUNT(*)
        ) % (
          2 * COUNT(*)
        )
      ) / (
        2 * COUNT(*)
      )
    ) AS BIGINT)
  ) AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2)) AS avg_order_value,
  COUNT(refunded_at) AS refunded_orders,
  CAST(SUM(CASE WHEN refunded_at IS NULL THEN 0 ELSE price END) AS DECIMAL(18, 2)) AS refunded_revenue,
  CAST(SUM(CASE WHEN refunded_at IS NULL THEN price ELSE 0 END) AS DECIMAL(18, 2)) AS net_revenue
FROM silver.orders_cleaned
WHERE
  order_date >= CAST('2026-11-20' AS DATE)
  AND order_date < CAST('2026-11-21' AS DATE)
GROUP BY
  order_date;
