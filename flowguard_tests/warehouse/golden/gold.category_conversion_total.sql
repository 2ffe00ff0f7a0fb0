CREATE OR REPLACE VIEW gold.category_conversion_total
COPY GRANTS AS
WITH totals AS (
  SELECT
    category,
    CAST(SUM(impressions) AS BIGINT) AS impressions,
    CAST(SUM(clicks) AS BIGINT) AS clicks,
    CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks,
    CAST(SUM(attributed_orders) AS BIGINT) AS attributed_orders,
    CAST(SUM(attributed_revenue) AS DECIMAL(18, 2)) AS attributed_revenue
  FROM gold.category_conversion
  GROUP BY
    category
)
SELECT
  category,
  impressions,
  clicks,
  CASE
    WHEN impressions > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * clicks * 1000000 + impressions
          ) - (
            2 * clicks * 1000000 + impressions
          ) % (
            2 * impressions
          )
        ) / (
          2 * impressions
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS ctr,
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
