-- of a day
WITH named AS (
  SELECT
    order_date,
    item_id,
    price,
    FIRST_VALUE(item_name) OVER (
      PARTITION BY order_date, item_id
      ORDER BY order_timestamp DESC NULLS LAST, event_id DESC NULLS LAST
    ) AS item_name,
    FIRST_VALUE(category) OVER (
      PARTITION BY order_date, item_id
      ORDER BY order_timestamp DESC NULLS LAST, event_id DESC NULLS LAST
    ) AS category
  FROM silver.orders_cleaned
  WHERE
    order_date >= CAST('2026-11-20' AS DATE)
    AND order_date < CAST('2026-11-21' AS DATE)
), sold AS (
  SELECT
    order_date,
    item_id,
    MAX(item_name) AS item_name,
    MAX(category) AS category,
    COUNT(*) AS total_orders,
    CAST(SUM(price) AS DECIMAL(18, 2)) AS revenue,
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
    ) AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2)) AS avg_price
  FROM named
  GROUP BY
    order_date,
    item_id
)
SELECT
  order_date AS date,
  item_id,
  item_name,
  category,
  total_orders,
  revenue,
  avg_price,
  ROW_NUMBER() OVER (PARTITION BY order_date ORDER BY revenue DESC NULLS LAST, item_id) AS revenue_rank
FROM sold;
