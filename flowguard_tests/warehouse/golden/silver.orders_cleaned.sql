-- of a day
/* An order: the first to arrive of its duplicates. A refund names its order_id and may have come before it. */
SELECT
  raw.event_id,
  raw.order_id,
  raw.user_id,
  raw.session_id,
  raw.item_id,
  raw.item_name,
  raw.category,
  raw.price,
  raw.currency,
  raw.event_timestamp AS order_timestamp,
  CAST(raw.event_timestamp AS DATE) AS order_date,
  refund.refunded_at,
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
LEFT JOIN silver.order_refunds AS refund
  ON refund.order_id = raw.order_id
WHERE
  raw._rule IS NULL
  AND raw.event_type = 'order_placed'
  AND duplicate._offset IS NULL
  AND raw.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
  AND raw.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  AND TRUE;

-- of touched rows
/* An order: the first to arrive of its duplicates. A refund names its order_id and may have come before it. */
SELECT
  raw.event_id,
  raw.order_id,
  raw.user_id,
  raw.session_id,
  raw.item_id,
  raw.item_name,
  raw.category,
  raw.price,
  raw.currency,
  raw.event_timestamp AS order_timestamp,
  CAST(raw.event_timestamp AS DATE) AS order_date,
  refund.refunded_at,
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
LEFT JOIN silver.order_refunds AS refund
  ON refund.order_id = raw.order_id
WHERE
  raw._rule IS NULL
  AND raw.event_type = 'order_placed'
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
