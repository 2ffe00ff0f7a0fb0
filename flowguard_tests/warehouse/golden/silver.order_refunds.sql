-- of a day
/* A refund: the first to arrive of each order_id, which is the one that no earlier refund duplicates. */
SELECT
  raw.event_id,
  raw.order_id,
  raw.user_id,
  raw.event_timestamp AS refunded_at,
  CAST(raw.event_timestamp AS DATE) AS refund_date,
  raw._topic,
  raw._generation,
  raw._partition,
  raw._offset,
  raw._arrived_at,
  raw._arrival_date
FROM bronze.orders_raw AS raw
LEFT JOIN silver.order_duplicates AS duplicate
  ON duplicate._topic = raw._topic
  AND duplicate._generation = raw._generation
  AND duplicate._partition = raw._partition
  AND duplicate._offset = raw._offset
  AND duplicate.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND duplicate.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
WHERE
  raw._rule IS NULL
  AND raw.event_type = 'order_refunded'
  AND duplicate._offset IS NULL
  AND raw.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND raw.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  AND TRUE;

-- of touched rows
/* A refund: the first to arrive of each order_id, which is the one that no earlier refund duplicates. */
SELECT
  raw.event_id,
  raw.order_id,
  raw.user_id,
  raw.event_timestamp AS refunded_at,
  CAST(raw.event_timestamp AS DATE) AS refund_date,
  raw._topic,
  raw._generation,
  raw._partition,
  raw._offset,
  raw._arrived_at,
  raw._arrival_date
FROM bronze.orders_raw AS raw
LEFT JOIN silver.order_duplicates AS duplicate
  ON duplicate._topic = raw._topic
  AND duplicate._generation = raw._generation
  AND duplicate._partition = raw._partition
  AND duplicate._offset = raw._offset
  AND duplicate.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND duplicate.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
WHERE
  raw._rule IS NULL
  AND raw.event_type = 'order_refunded'
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
