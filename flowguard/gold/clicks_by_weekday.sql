-- When people click: hours of the week, UTC. Hours in which nobody did anything have no row.
WITH hours AS (
    SELECT WEEKDAY_OF(date) AS weekday, hour, impressions, clicks
    FROM gold.click_heatmap
)
SELECT
    weekday, hour,
    CAST(SUM(impressions) AS BIGINT) AS impressions,
    CAST(SUM(clicks) AS BIGINT) AS clicks
FROM hours
GROUP BY weekday, hour
