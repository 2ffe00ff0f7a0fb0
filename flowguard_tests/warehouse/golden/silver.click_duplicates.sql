-- of a day
/* An impression or click is a duplicate if an earlier arrival has the same event_id and event_timestamp. */
SELECT
  event_id,
  event_type,
  event_timestamp,
  CAST(event_timestamp AS DATE) AS event_date,
  _topic,
  _generation,
  _partition,
  _offset,
  _arrived_at,
  _arrival_date
FROM (
  SELECT
    event_id,
    event_type,
    event_timestamp,
    _topic,
    _generation,
    _partition,
    _offset,
    _arrived_at,
    _arrival_date,
    ROW_NUMBER() OVER (
      PARTITION BY event_id, event_timestamp
      ORDER BY _arrived_at, _topic, _generation, _partition, _offset
    ) AS arrival
  FROM bronze.clicks_raw
  WHERE
    _rule IS NULL
    AND event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
    AND TRUE
) AS arrivals
WHERE
  arrival > 1;

-- of touched rows
/* An impression or click is a duplicate if an earlier arrival has the same event_id and event_timestamp. */
SELECT
  event_id,
  event_type,
  event_timestamp,
  CAST(event_timestamp AS DATE) AS event_date,
  _topic,
  _generation,
  _partition,
  _offset,
  _arrived_at,
  _arrival_date
FROM (
  SELECT
    event_id,
    event_type,
    event_timestamp,
    _topic,
    _generation,
    _partition,
    _offset,
    _arrived_at,
    _arrival_date,
    ROW_NUMBER() OVER (
      PARTITION BY event_id, event_timestamp
      ORDER BY _arrived_at, _topic, _generation, _partition, _offset
    ) AS arrival
  FROM bronze.clicks_raw
  WHERE
    _rule IS NULL
    AND event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
    AND event_id IN (
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
    )
) AS arrivals
WHERE
  arrival > 1;
