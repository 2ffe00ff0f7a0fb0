-- of a day
/* Who was there on a day, and who of them had never been there before. */
WITH present AS (
  SELECT
    date,
    user_id,
    session_id,
    impressions,
    clicks,
    orders
  FROM gold.user_sessions
  WHERE
    date >= CAST('2026-11-20' AS DATE) AND date < CAST('2026-11-21' AS DATE)
), firsts AS (
  SELECT
    user_id,
    MIN(date) AS date
  FROM gold.user_sessions
  WHERE
    date < CAST('2026-11-21' AS DATE)
    AND user_id IN (
      SELECT
        user_id
      FROM present
    )
  GROUP BY
    user_id
), newcomers AS (
  SELECT
    date,
    COUNT(*) AS new_users
  FROM firsts
  WHERE
    date >= CAST('2026-11-20' AS DATE)
  GROUP BY
    date
), totals AS (
  SELECT
    date,
    COUNT(DISTINCT user_id) AS active_users,
    COUNT(DISTINCT session_id) AS sessions,
    CAST(SUM(impressions) AS BIGINT) AS impressions,
    CAST(SUM(clicks) AS BIGINT) AS clicks,
    CAST(SUM(orders) AS BIGINT) AS orders
  FROM present
  GROUP BY
    date
)
SELECT
  totals.date,
  totals.active_users,
  COALESCE(newcomers.new_users, 0) AS new_users,
  totals.sessions,
  totals.impressions,
  totals.clicks,
  totals.orders,
  CASE
    WHEN totals.sessions > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * totals.clicks * 10000 + totals.sessions
          ) - (
            2 * totals.clicks * 10000 + totals.sessions
          ) % (
            2 * totals.sessions
          )
        ) / (
          2 * totals.sessions
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS clicks_per_session,
  CASE
    WHEN totals.active_users > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * totals.orders * 10000 + totals.active_users
          ) - (
            2 * totals.orders * 10000 + totals.active_users
          ) % (
            2 * totals.active_users
          )
        ) / (
          2 * totals.active_users
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS orders_per_user
FROM totals
LEFT JOIN newcomers
  ON newcomers.date = totals.date;
