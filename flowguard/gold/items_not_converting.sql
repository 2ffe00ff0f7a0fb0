-- Which dishes get clicks but no orders, the surest case first: even the upper bound of the rate that their clicks
-- make credible (Wilson, 95 %) is low. One click on a rare dish leaves nearly every rate credible, so it does not lead.
WITH totals AS (
    SELECT
        item_id,
        CAST(SUM(clicks) AS BIGINT) AS clicks,
        CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks
    FROM gold.funnel_metrics
    GROUP BY item_id
),
latest AS (
    SELECT
        item_id, item_name, category,
        ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY date DESC) AS age
    FROM gold.funnel_metrics
),
bounds AS (
    SELECT
        totals.item_id, latest.item_name, latest.category, totals.clicks, totals.converted_clicks,
        (totals.converted_clicks + 1.9208) / (totals.clicks + 3.8416) AS centre,
        1.96 * SQRT(
            totals.converted_clicks * (totals.clicks - totals.converted_clicks) / totals.clicks + 0.9604
        ) / (totals.clicks + 3.8416) AS spread
    FROM totals
    JOIN latest ON latest.item_id = totals.item_id AND latest.age = 1
    WHERE totals.clicks > 0
)
SELECT
    ROW_NUMBER() OVER (ORDER BY centre + spread, clicks DESC, item_id) AS place,
    item_id, item_name, category, clicks, converted_clicks,
    clicks - converted_clicks AS clicks_without_order,
    PERCENT_OF(converted_clicks, clicks) AS click_to_order_rate,
    CAST(100 * GREATEST(centre - spread, 0) AS DECIMAL(18, 4)) AS rate_at_least,
    CAST(100 * LEAST(centre + spread, 1) AS DECIMAL(18, 4)) AS rate_at_most
FROM bounds
