CREATE OR REPLACE VIEW gold.food_performance_total
COPY GRANTS AS
WITH sold AS (
  SELECT
    item_id,
    CAST(SUM(total_orders) AS BIGINT) AS total_orders,
    CAST(SUM(revenue) AS DECIMAL(18, 2)) AS revenue
  FROM gold.food_performance
  GROUP BY
    item_id
), latest AS (
  SELECT
    item_id,
    item_name,
    category,
    ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY date DESC NULLS LAST) AS age
  FROM gold.food_performance
)
SELECT
  sold.item_id,
  latest.item_name,
  latest.category,
  sold.total_orders,
  sold.revenue,
  CAST(CAST((
    CAST(TRUNC(
      (
        (
          2 * CAST(sold.revenue * 100 AS BIGINT) + sold.total_orders
        ) - (
          2 * CAST(sold.revenue * 100 AS BIGINT) + sold.total_orders
        ) % (
          2 * sold.total_orders
        )
      ) / (
        2 * sold.total_orders
      )
    ) AS BIGINT)
  ) AS DECIMAL(18, 0)) * 0.01 AS DECIMAL(18, 2)) AS avg_price,
  ROW_NUMBER() OVER (ORDER BY sold.revenue DESC NULLS LAST, sold.item_id) AS revenue_rank
FROM sold
JOIN latest
  ON latest.item_id = sold.item_id AND latest.age = 1;
