CREATE OR REPLACE VIEW gold.clicks_by_weekday
COPY GRANTS AS
WITH hours AS (
  SELECT
    CAST((
      (
        DATEDIFF(DAY, CAST('1970-01-05' AS DATE), date) % 7 + 7
      ) % 7
    ) + 1 AS INT) AS weekday,
    hour,
    impressions,
    clicks
  FROM gold.click_heatmap
)
SELECT
  weekday,
  hour,
  CAST(SUM(impressions) AS BIGINT) AS impressions,
  CAST(SUM(clicks) AS BIGINT) AS clicks
FROM hours
GROUP BY
  weekday,
  hour;
