CREATE OR REPLACE VIEW gold.items_not_converting
COPY GRANTS AS
WITH totals AS (
  SELECT
    item_id,
    CAST(SUM(clicks) AS BIGINT) AS clicks,
    CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks
  FROM gold.funnel_metrics
  GROUP BY
    item_id
), latest AS (
  SELECT
    item_id,
    item_name,
    category,
    ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY date DESC NULLS LAST) AS age
  FROM gold.funnel_metrics
), bounds AS (
  SELECT
    totals.item_id,
    latest.item_name,
    latest.category,
    totals.clicks,
    totals.converted_clicks,
    (
      totals.converted_clicks + 1.9208
    ) / (
      totals.clicks + 3.8416
    ) AS centre,
    1.96 * SQRT(
      totals.converted_clicks * (
        totals.clicks - totals.converted_clicks
      ) / totals.clicks + 0.9604
    ) / (
      totals.clicks + 3.8416
    ) AS spread
  FROM totals
  JOIN latest
    ON latest.item_id = totals.item_id AND latest.age = 1
  WHERE
    totals.clicks > 0
)
SELECT
  ROW_NUMBER() OVER (ORDER BY centre + spread, clicks DESC NULLS LAST, item_id) AS place,
  item_id,
  item_name,
  category,
  clicks,
  converted_clicks,
  clicks - converted_clicks AS clicks_without_order,
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
  END AS click_to_order_rate,
  CAST(100 * GREATEST_IGNORE_NULLS(centre - spread, 0) AS DECIMAL(18, 4)) AS rate_at_least,
  CAST(100 * LEAST_IGNORE_NULLS(centre + spread, 1) AS DECIMAL(18, 4)) AS rate_at_most
FROM bounds;
