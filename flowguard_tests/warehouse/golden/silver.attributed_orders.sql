-- of a day
/* An order and the click that gets the credit for it: one of the same user, at most the attribution window before it. */
/*   last_click:  the last one, found by looking back from the order; */
/*   first_click: the first one, found by looking ahead from the earliest instant that counts. */
/* Per user and stretch of time, clicks and looks stand in one line, in which clicks are counted: a look back finds the */
/* click of its own count, a look ahead the next one. So one sort finds all, however many pairs of clicks and orders */
/* there are. The line of a stretch has its orders, and the clicks of it and of the stretch before: as a stretch is as */
/* long as the attribution window, no others can matter to them. So the line of a user who never rests is short, too; */
/* and a click that no order follows in its stretch or the next enters no line. */
/* known is what was last told of the orders of the scope, from ops.outbox. */
WITH placed AS (
  SELECT
    order_id,
    order_date,
    order_timestamp,
    user_id,
    item_id,
    category,
    price,
    event_id,
    (
      CAST(TRUNC(
        (
          DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), order_timestamp) - DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), order_timestamp) % 1800000000
        ) / 1800000000
      ) AS BIGINT)
    ) AS stretch
  FROM silver.orders_cleaned
  WHERE
    order_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND order_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
    AND TRUE
), near AS (
  SELECT
    user_id,
    stretch,
    stretch AS click_stretch
  FROM placed
  UNION
  SELECT
    user_id,
    stretch,
    stretch - 1
  FROM placed
), clicks AS (
  SELECT
    clicked.event_id,
    clicked.user_id,
    near.stretch,
    clicked.item_id,
    clicked.category,
    clicked.event_timestamp
  FROM silver.clicks_cleaned AS clicked
  JOIN near
    ON near.user_id = clicked.user_id
    AND near.click_stretch = (
      CAST(TRUNC(
        (
          DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), clicked.event_timestamp) - DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), clicked.event_timestamp) % 1800000000
        ) / 1800000000
      ) AS BIGINT)
    )
  WHERE
    clicked.event_type = 'click'
    AND clicked.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ) - INTERVAL '1800 SECOND'
    AND clicked.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
), line AS (
  SELECT
    user_id,
    stretch,
    event_timestamp AS instant,
    1 AS step,
    event_id,
    item_id,
    category,
    CAST(NULL AS VARCHAR) AS model,
    CAST(NULL AS VARCHAR) AS order_id,
    CAST(NULL AS DATE) AS order_date,
    CAST(NULL AS TIMESTAMP_NTZ) AS order_timestamp,
    CAST(NULL AS DECIMAL(18, 2)) AS price
  FROM clicks
  UNION ALL
  SELECT
    user_id,
    stretch,
    order_timestamp,
    2,
    event_id,
    item_id,
    category,
    'last_click',
    order_id,
    order_date,
    order_timestamp,
    price
  FROM placed
  WHERE
    TRUE
  UNION ALL
  SELECT
    user_id,
    stretch,
    order_timestamp - INTERVAL '1800 SECOND',
    0,
    event_id,
    item_id,
    category,
    'first_click',
    order_id,
    order_date,
    order_timestamp,
    price
  FROM placed
  WHERE
    TRUE
), counted AS (
  SELECT
    line.*,
    COUNT(CASE WHEN step = 1 THEN 1 END) OVER (
      PARTITION BY user_id, stretch
      ORDER BY instant, step, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS clicks_so_far
  FROM line
), looks AS (
  SELECT
    counted.*,
    CASE WHEN model = 'last_click' THEN clicks_so_far ELSE clicks_so_far + 1 END AS number
  FROM counted
  WHERE
    NOT model IS NULL
), clicked AS (
  SELECT
    user_id,
    stretch,
    clicks_so_far AS number,
    event_id AS click_event_id,
    item_id AS clicked_item_id,
    category AS clicked_category,
    instant AS click_timestamp
  FROM counted
  WHERE
    model IS NULL
), attributed AS (
  SELECT
    looks.order_id,
    looks.order_date,
    looks.order_timestamp,
    looks.user_id,
    looks.item_id,
    looks.category,
    looks.price,
    looks.model,
    clicked.click_event_id,
    clicked.clicked_item_id,
    clicked.clicked_category,
    clicked.click_timestamp,
    MD5(
      CONCAT_WS(
        '|',
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.user_id AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.item_id AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.category AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.price AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.click_event_id AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.clicked_item_id AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.clicked_category AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.click_timestamp AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(COALESCE(CAST(looks.user_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(looks.item_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(looks.category AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(looks.price AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.click_event_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.clicked_item_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.clicked_category AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.click_timestamp AS VARCHAR), ''), '')
      )
    ) AS digest
  FROM looks
  LEFT JOIN clicked
    ON clicked.user_id = looks.user_id
    AND clicked.stretch = looks.stretch
    AND clicked.number = looks.number
    AND clicked.click_timestamp >= looks.order_timestamp - INTERVAL '1800 SECOND'
    AND clicked.click_timestamp <= looks.order_timestamp
), highest AS (
  SELECT
    order_id,
    model,
    MAX(revision) AS revision
  FROM known
  GROUP BY
    order_id,
    model
)
SELECT
  attributed.order_id,
  attributed.order_date,
  attributed.order_timestamp,
  attributed.user_id,
  attributed.item_id,
  attributed.category,
  attributed.price,
  attributed.model,
  attributed.click_event_id,
  attributed.clicked_item_id,
  attributed.clicked_category,
  attributed.click_timestamp,
  (
    CAST(TRUNC(
      (
        DATEDIFF(MICROSECOND, attributed.click_timestamp, attributed.order_timestamp) - DATEDIFF(MICROSECOND, attributed.click_timestamp, attributed.order_timestamp) % 1000000
      ) / 1000000
    ) AS BIGINT)
  ) AS seconds_to_order,
  attributed.clicked_item_id = attributed.item_id AS same_item,
  CAST(1 AS DECIMAL(9, 6)) AS credit,
  CASE
    WHEN known.digest = attributed.digest
    THEN known.revision
    WHEN NOT known.digest IS NULL
    THEN known.revision + 1
    ELSE COALESCE(highest.revision + 2, 1)
  END AS revision /* Where nothing was told, or a retraction, another order of that id may be retracted now: with its highest + 1. */
FROM attributed
LEFT JOIN known
  ON known.order_id = attributed.order_id
  AND known.order_timestamp = attributed.order_timestamp
  AND known.model = attributed.model
LEFT JOIN highest
  ON highest.order_id = attributed.order_id AND highest.model = attributed.model;

-- of touched rows
/* An order and the click that gets the credit for it: one of the same user, at most the attribution window before it. */
/*   last_click:  the last one, found by looking back from the order; */
/*   first_click: the first one, found by looking ahead from the earliest instant that counts. */
/* Per user and stretch of time, clicks and looks stand in one line, in which clicks are counted: a look back finds the */
/* click of its own count, a look ahead the next one. So one sort finds all, however many pairs of clicks and orders */
/* there are. The line of a stretch has its orders, and the clicks of it and of the stretch before: as a stretch is as */
/* long as the attribution window, no others can matter to them. So the line of a user who never rests is short, too; */
/* and a click that no order follows in its stretch or the next enters no line. */
/* known is what was last told of the orders of the scope, from ops.outbox. */
WITH placed AS (
  SELECT
    order_id,
    order_date,
    order_timestamp,
    user_id,
    item_id,
    category,
    price,
    event_id,
    (
      CAST(TRUNC(
        (
          DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), order_timestamp) - DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), order_timestamp) % 1800000000
        ) / 1800000000
      ) AS BIGINT)
    ) AS stretch
  FROM silver.orders_cleaned
  WHERE
    order_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ)
    AND order_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
    AND user_id IN (
      SELECT
        touched.user_id
      FROM (
        SELECT
          text_0 AS event_id,
          text_1 AS user_id
        FROM ops.scratch
        WHERE
          relation = '…'
      ) AS touched
    )
), near AS (
  SELECT
    user_id,
    stretch,
    stretch AS click_stretch
  FROM placed
  UNION
  SELECT
    user_id,
    stretch,
    stretch - 1
  FROM placed
), clicks AS (
  SELECT
    clicked.event_id,
    clicked.user_id,
    near.stretch,
    clicked.item_id,
    clicked.category,
    clicked.event_timestamp
  FROM silver.clicks_cleaned AS clicked
  JOIN near
    ON near.user_id = clicked.user_id
    AND near.click_stretch = (
      CAST(TRUNC(
        (
          DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), clicked.event_timestamp) - DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), clicked.event_timestamp) % 1800000000
        ) / 1800000000
      ) AS BIGINT)
    )
  WHERE
    clicked.event_type = 'click'
    AND clicked.event_timestamp >= CAST('2026-11-20 00:00:00' AS TIMESTAMP_NTZ) - INTERVAL '1800 SECOND'
    AND clicked.event_timestamp < CAST('2026-11-21 00:00:00' AS TIMESTAMP_NTZ)
), line AS (
  SELECT
    user_id,
    stretch,
    event_timestamp AS instant,
    1 AS step,
    event_id,
    item_id,
    category,
    CAST(NULL AS VARCHAR) AS model,
    CAST(NULL AS VARCHAR) AS order_id,
    CAST(NULL AS DATE) AS order_date,
    CAST(NULL AS TIMESTAMP_NTZ) AS order_timestamp,
    CAST(NULL AS DECIMAL(18, 2)) AS price
  FROM clicks
  UNION ALL
  SELECT
    user_id,
    stretch,
    order_timestamp,
    2,
    event_id,
    item_id,
    category,
    'last_click',
    order_id,
    order_date,
    order_timestamp,
    price
  FROM placed
  WHERE
    TRUE
  UNION ALL
  SELECT
    user_id,
    stretch,
    order_timestamp - INTERVAL '1800 SECOND',
    0,
    event_id,
    item_id,
    category,
    'first_click',
    order_id,
    order_date,
    order_timestamp,
    price
  FROM placed
  WHERE
    TRUE
), counted AS (
  SELECT
    line.*,
    COUNT(CASE WHEN step = 1 THEN 1 END) OVER (
      PARTITION BY user_id, stretch
      ORDER BY instant, step, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS clicks_so_far
  FROM line
), looks AS (
  SELECT
    counted.*,
    CASE WHEN model = 'last_click' THEN clicks_so_far ELSE clicks_so_far + 1 END AS number
  FROM counted
  WHERE
    NOT model IS NULL
), clicked AS (
  SELECT
    user_id,
    stretch,
    clicks_so_far AS number,
    event_id AS click_event_id,
    item_id AS clicked_item_id,
    category AS clicked_category,
    instant AS click_timestamp
  FROM counted
  WHERE
    model IS NULL
), attributed AS (
  SELECT
    looks.order_id,
    looks.order_date,
    looks.order_timestamp,
    looks.user_id,
    looks.item_id,
    looks.category,
    looks.price,
    looks.model,
    clicked.click_event_id,
    clicked.clicked_item_id,
    clicked.clicked_category,
    clicked.click_timestamp,
    MD5(
      CONCAT_WS(
        '|',
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.user_id AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.item_id AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.category AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(COALESCE(CAST(LENGTH(CAST(looks.price AS VARCHAR)) AS VARCHAR), '-'), ''),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.click_event_id AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.clicked_item_id AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.clicked_category AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(
          COALESCE(CAST(LENGTH(CAST(clicked.click_timestamp AS VARCHAR)) AS VARCHAR), '-'),
          ''
        ),
        COALESCE(COALESCE(CAST(looks.user_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(looks.item_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(looks.category AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(looks.price AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.click_event_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.clicked_item_id AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.clicked_category AS VARCHAR), ''), ''),
        COALESCE(COALESCE(CAST(clicked.click_timestamp AS VARCHAR), ''), '')
      )
    ) AS digest
  FROM looks
  LEFT JOIN clicked
    ON clicked.user_id = looks.user_id
    AND clicked.stretch = looks.stretch
    AND clicked.number = looks.number
    AND clicked.click_timestamp >= looks.order_timestamp - INTERVAL '1800 SECOND'
    AND clicked.click_timestamp <= looks.order_timestamp
), highest AS (
  SELECT
    order_id,
    model,
    MAX(revision) AS revision
  FROM known
  GROUP BY
    order_id,
    model
)
SELECT
  attributed.order_id,
  attributed.order_date,
  attributed.order_timestamp,
  attributed.user_id,
  attributed.item_id,
  attributed.category,
  attributed.price,
  attributed.model,
  attributed.click_event_id,
  attributed.clicked_item_id,
  attributed.clicked_category,
  attributed.click_timestamp,
  (
    CAST(TRUNC(
      (
        DATEDIFF(MICROSECOND, attributed.click_timestamp, attributed.order_timestamp) - DATEDIFF(MICROSECOND, attributed.click_timestamp, attributed.order_timestamp) % 1000000
      ) / 1000000
    ) AS BIGINT)
  ) AS seconds_to_order,
  attributed.clicked_item_id = attributed.item_id AS same_item,
  CAST(1 AS DECIMAL(9, 6)) AS credit,
  CASE
    WHEN known.digest = attributed.digest
    THEN known.revision
    WHEN NOT known.digest IS NULL
    THEN known.revision + 1
    ELSE COALESCE(highest.revision + 2, 1)
  END AS revision /* Where nothing was told, or a retraction, another order of that id may be retracted now: with its highest + 1. */
FROM attributed
LEFT JOIN known
  ON known.order_id = attributed.order_id
  AND known.order_timestamp = attributed.order_timestamp
  AND known.model = attributed.model
LEFT JOIN highest
  ON highest.order_id = attributed.order_id AND highest.model = attributed.model;
