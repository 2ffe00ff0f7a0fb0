-- of a day
/* An event counts in the category that its item had last on the day, as in category_conversion: the hours of a day and */
/* category sum up to that table's row. */
WITH named AS (
  SELECT
    event_date,
    event_type,
    CAST(DATE_PART(HOUR, event_timestamp) AS INT) AS hour,
    FIRST_VALUE(category) OVER (
      PARTITION BY event_date, item_id
      ORDER BY event_timestamp DESC NULLS LAST, event_id DESC NULLS LAST
    ) AS category
  FROM silver.clicks_cleaned
  WHERE
    event_date >= CAST('2026-11-20' AS DATE)
    AND event_date < CAST('2026-11-21' AS DATE)
)
SELECT
  event_date AS date,
  hour,
  category,
  COUNT(CASE WHEN event_type = 'impression' THEN 1 END) AS impressions,
  COUNT(CASE WHEN event_type = 'click' THEN 1 END) AS clicks
FROM named
GROUP BY
  event_date,
  hour,
  category;
