-- of a day
/* Each column is counted from its own table, so that a row lost or doubled anywhere unbalances the day. */
WITH counts AS (
  SELECT
    arrival_date,
    topic,
    SUM(end_offset - start_offset) AS offsets,
    0 AS bronze_rows,
    0 AS quarantined,
    SUM(CASE WHEN kind = 'records' THEN skipped ELSE 0 END) AS skipped,
    SUM(CASE WHEN kind = 'accepted_gap' THEN end_offset - start_offset ELSE 0 END) AS lost,
    0 AS silver_rows,
    0 AS duplicates,
    0 AS rejected
  FROM ops.ingest_ranges
  WHERE
    arrival_date >= CAST('2026-11-20' AS DATE)
    AND arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    arrival_date,
    topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    COUNT(*),
    0,
    0,
    0,
    0,
    0,
    0
  FROM bronze.orders_raw
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    COUNT(*),
    0,
    0,
    0,
    0,
    0,
    0
  FROM bronze.clicks_raw
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    0,
    SUM(CASE WHEN stage IN ('bronze', 'gateway') THEN 1 ELSE 0 END),
    0,
    0,
    0,
    0,
    SUM(CASE WHEN stage = 'silver' THEN 1 ELSE 0 END)
  FROM ops.quarantine
  WHERE
    status <> 'redriven'
    AND _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    0,
    0,
    0,
    0,
    COUNT(*),
    0,
    0
  FROM silver.orders_cleaned
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    0,
    0,
    0,
    0,
    COUNT(*),
    0,
    0
  FROM silver.order_refunds
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    0,
    0,
    0,
    0,
    COUNT(*),
    0,
    0
  FROM silver.clicks_cleaned
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    0,
    0,
    0,
    0,
    0,
    COUNT(*),
    0
  FROM silver.order_duplicates
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
  UNION ALL
  SELECT
    _arrival_date,
    _topic,
    0,
    0,
    0,
    0,
    0,
    0,
    COUNT(*),
    0
  FROM silver.click_duplicates
  WHERE
    _arrival_date >= CAST('2026-11-20' AS DATE)
    AND _arrival_date < CAST('2026-11-21' AS DATE)
  GROUP BY
    _arrival_date,
    _topic
), sums AS (
  SELECT
    arrival_date,
    topic,
    CAST(SUM(offsets) AS BIGINT) AS offsets,
    CAST(SUM(bronze_rows) AS BIGINT) AS bronze_rows,
    CAST(SUM(quarantined) AS BIGINT) AS quarantined,
    CAST(SUM(skipped) AS BIGINT) AS skipped,
    CAST(SUM(lost) AS BIGINT) AS lost,
    CAST(SUM(silver_rows) AS BIGINT) AS silver_rows,
    CAST(SUM(duplicates) AS BIGINT) AS duplicates,
    CAST(SUM(rejected) AS BIGINT) AS rejected
  FROM counts
  GROUP BY
    arrival_date,
    topic
)
SELECT
  arrival_date,
  topic,
  offsets,
  bronze_rows,
  quarantined,
  skipped,
  lost,
  silver_rows,
  duplicates,
  rejected,
  offsets = bronze_rows + quarantined + skipped + lost
  AND bronze_rows = silver_rows + duplicates + rejected AS balanced
FROM sums;
