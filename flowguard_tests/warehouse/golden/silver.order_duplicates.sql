-- of a day
/* An order event is a duplicate if an earlier arrival that passed the rules */
/*   is the same delivery: same event_id and event_timestamp; or */
/*   placed the same order_id within the duplicate window; or */
/*   refunded the same order_id already. */
WITH arrivals AS (
  SELECT
    event_id,
    event_type,
    order_id,
    event_timestamp,
    _topic,
    _generation,
    _partition,
    _offset,
    _arrived_at,
    _arrival_date
  FROM bronze.orders_raw
  WHERE
    _rule IS NULL
    AND event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
    AND TRUE
), repeated AS (
  SELECT
    later._topic,
    later._generation,
    later._partition,
    later._offset
  FROM arrivals AS later
  JOIN bronze.orders_raw AS earlier
    ON earlier.event_id = later.event_id
    AND earlier.event_timestamp = later.event_timestamp
  WHERE
    earlier._rule IS NULL
    AND (
      earlier._arrived_at < later._arrived_at
      OR (
        earlier._arrived_at = later._arrived_at
        AND (
          earlier._topic < later._topic
          OR (
            earlier._topic = later._topic
            AND (
              earlier._generation < later._generation
              OR (
                earlier._generation = later._generation
                AND (
                  earlier._partition < later._partition
                  OR (
                    earlier._partition = later._partition AND earlier._offset < later._offset
                  )
                )
              )
            )
          )
        )
      )
    )
    AND earlier.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND earlier.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  UNION
  SELECT
    later._topic,
    later._generation,
    later._partition,
    later._offset
  FROM arrivals AS later
  JOIN bronze.orders_raw AS earlier
    ON earlier.order_id = later.order_id
  WHERE
    later.event_type = 'order_placed'
    AND earlier.event_type = 'order_placed'
    AND earlier._rule IS NULL
    AND (
      earlier._arrived_at < later._arrived_at
      OR (
        earlier._arrived_at = later._arrived_at
        AND (
          earlier._topic < later._topic
          OR (
            earlier._topic = later._topic
            AND (
              earlier._generation < later._generation
              OR (
                earlier._generation = later._generation
                AND (
                  earlier._partition < later._partition
                  OR (
                    earlier._partition = later._partition AND earlier._offset < later._offset
                  )
                )
              )
            )
          )
        )
      )
    )
    AND earlier.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ) - INTERVAL '604800 SECOND'
    AND earlier.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ) + INTERVAL '604800 SECOND'
    AND earlier.event_timestamp >= later.event_timestamp - INTERVAL '604800 SECOND'
    AND earlier.event_timestamp <= later.event_timestamp + INTERVAL '604800 SECOND'
  UNION
  SELECT
    later._topic,
    later._generation,
    later._partition,
    later._offset
  FROM arrivals AS later
  JOIN bronze.orders_raw AS earlier
    ON earlier.order_id = later.order_id
  WHERE
    later.event_type = 'order_refunded'
    AND earlier.event_type = 'order_refunded'
    AND earlier._rule IS NULL
    AND (
      earlier._arrived_at < later._arrived_at
      OR (
        earlier._arrived_at = later._arrived_at
        AND (
          earlier._topic < later._topic
          OR (
            earlier._topic = later._topic
            AND (
              earlier._generation < later._generation
              OR (
                earlier._generation = later._generation
                AND (
                  earlier._partition < later._partition
                  OR (
                    earlier._partition = later._partition AND earlier._offset < later._offset
                  )
                )
              )
            )
          )
        )
      )
    )
)
SELECT
  arrivals.event_id,
  arrivals.event_type,
  arrivals.order_id,
  arrivals.event_timestamp,
  CAST(arrivals.event_timestamp AS DATE) AS event_date,
  arrivals._topic,
  arrivals._generation,
  arrivals._partition,
  arrivals._offset,
  arrivals._arrived_at,
  arrivals._arrival_date
FROM arrivals
JOIN repeated
  ON repeated._topic = arrivals._topic
  AND repeated._generation = arrivals._generation
  AND repeated._partition = arrivals._partition
  AND repeated._offset = arrivals._offset;

-- of touched rows
/* An order event is a duplicate if an earlier arrival that passed the rules */
/*   is the same delivery: same event_id and event_timestamp; or */
/*   placed the same order_id within the duplicate window; or */
/*   refunded the same order_id already. */
WITH arrivals AS (
  SELECT
    event_id,
    event_type,
    order_id,
    event_timestamp,
    _topic,
    _generation,
    _partition,
    _offset,
    _arrived_at,
    _arrival_date
  FROM bronze.orders_raw
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
), repeated AS (
  SELECT
    later._topic,
    later._generation,
    later._partition,
    later._offset
  FROM arrivals AS later
  JOIN bronze.orders_raw AS earlier
    ON earlier.event_id = later.event_id
    AND earlier.event_timestamp = later.event_timestamp
  WHERE
    earlier._rule IS NULL
    AND (
      earlier._arrived_at < later._arrived_at
      OR (
        earlier._arrived_at = later._arrived_at
        AND (
          earlier._topic < later._topic
          OR (
            earlier._topic = later._topic
            AND (
              earlier._generation < later._generation
              OR (
                earlier._generation = later._generation
                AND (
                  earlier._partition < later._partition
                  OR (
                    earlier._partition = later._partition AND earlier._offset < later._offset
                  )
                )
              )
            )
          )
        )
      )
    )
    AND earlier.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND earlier.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
  UNION
  SELECT
    later._topic,
    later._generation,
    later._partition,
    later._offset
  FROM arrivals AS later
  JOIN bronze.orders_raw AS earlier
    ON earlier.order_id = later.order_id
  WHERE
    later.event_type = 'order_placed'
    AND earlier.event_type = 'order_placed'
    AND earlier._rule IS NULL
    AND (
      earlier._arrived_at < later._arrived_at
      OR (
        earlier._arrived_at = later._arrived_at
        AND (
          earlier._topic < later._topic
          OR (
            earlier._topic = later._topic
            AND (
              earlier._generation < later._generation
              OR (
                earlier._generation = later._generation
                AND (
                  earlier._partition < later._partition
                  OR (
                    earlier._partition = later._partition AND earlier._offset < later._offset
                  )
                )
              )
            )
          )
        )
      )
    )
    AND earlier.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ) - INTERVAL '604800 SECOND'
    AND earlier.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ) + INTERVAL '604800 SECOND'
    AND earlier.event_timestamp >= later.event_timestamp - INTERVAL '604800 SECOND'
    AND earlier.event_timestamp <= later.event_timestamp + INTERVAL '604800 SECOND'
  UNION
  SELECT
    later._topic,
    later._generation,
    later._partition,
    later._offset
  FROM arrivals AS later
  JOIN bronze.orders_raw AS earlier
    ON earlier.order_id = later.order_id
  WHERE
    later.event_type = 'order_refunded'
    AND earlier.event_type = 'order_refunded'
    AND earlier._rule IS NULL
    AND (
      earlier._arrived_at < later._arrived_at
      OR (
        earlier._arrived_at = later._arrived_at
        AND (
          earlier._topic < later._topic
          OR (
            earlier._topic = later._topic
            AND (
              earlier._generation < later._generation
              OR (
                earlier._generation = later._generation
                AND (
                  earlier._partition < later._partition
                  OR (
                    earlier._partition = later._partition AND earlier._offset < later._offset
                  )
                )
              )
            )
          )
        )
      )
    )
)
SELECT
  arrivals.event_id,
  arrivals.event_type,
  arrivals.order_id,
  arrivals.event_timestamp,
  CAST(arrivals.event_timestamp AS DATE) AS event_date,
  arrivals._topic,
  arrivals._generation,
  arrivals._partition,
  arrivals._offset,
  arrivals._arrived_at,
  arrivals._arrival_date
FROM arrivals
JOIN repeated
  ON repeated._topic = arrivals._topic
  AND repeated._generation = arrivals._generation
  AND repeated._partition = arrivals._partition
  AND repeated._offset = arrivals._offset;
