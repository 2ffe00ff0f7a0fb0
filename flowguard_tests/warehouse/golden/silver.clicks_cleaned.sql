-- of a day
/* An impression or click: the first to arrive of its duplicates. */
SELECT
  raw.event_id,
  raw.event_type,
  raw.user_id,
  raw.session_id,
  raw.item_id,
  raw.item_name,
  raw.category,
  raw.page,
  raw.position,
  raw.event_timestamp,
  CAST(raw.event_timestamp AS DATE) AS event_date,
  raw._topic,
  raw._generation,
  raw._partition,
  raw._offset,
  raw._arrived_at,
  raw._arrival_date
FROM bronze.clicks_raw AS raw
LEFT JOIN silver.click_duplicates AS duplicate
  ON duplicate._topic = raw._topic
  AND duplicate._generation = raw._generation
  AND duplicate._partition = raw._partition
  AND duplicate._offset = raw._offset
  AND duplicate.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND duplicate.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
WHERE
  raw._rule IS NULL
  AND duplicate._offset IS NULL
  AND raw.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND raw.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  AND TRUE;

-- of touched rows
/* An impression or click: the first to arrive of its duplicates. */
SELECT
  raw.event_id,
  raw.event_type,
  raw.user_id,
  raw.session_id,
  raw.item_id,
  raw.item_name,
  raw.category,
  raw.page,
  raw.position,
  raw.event_timestamp,
  CAST(raw.event_timestamp AS DATE) AS event_date,
  raw._topic,
  raw._generation,
  raw._partition,
  raw._offset,
  raw._arrived_at,
  raw._arrival_date
FROM bronze.clicks_raw AS raw
LEFT JOIN silver.click_duplicates AS duplicate
  ON duplicate._topic = raw._topic
  AND duplicate._generation = raw._generation
  AND duplicate._partition = raw._partition
  AND duplicate._offset = raw._offset
  AND duplicate.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND duplicate.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
WHERE
  raw._rule IS NULL
  AND duplicate._offset IS NULL
  AND raw.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND raw.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  AND raw.event_id IN (
    SELECT
      touched.event_id
    FROM (
      SELECT
        text_0 AS event_id,
        text_1 AS user_id
      FROM ops.scratch
      WHERE
        relation = '…'
    ) AS touched
  );
