-- of a day
/* People by the week of their first order, and how many of them ordered again so many weeks later. All of a cohort */
/* order in its week 0, so that week tells how large it is. */
WITH weekly AS (
  SELECT
    user_id,
    CAST(DATEADD(
      DAY,
      -(
        (
          CAST((
            (
              DATEDIFF(DAY, CAST('1970-01-05' AS DATE), date) % 7 + 7
            ) % 7
          ) AS INT)
        )
      ),
      date
    ) AS DATE) AS week,
    SUM(orders) AS orders,
    SUM(revenue) AS revenue
  FROM gold.user_sessions
  WHERE
    orders > 0
  GROUP BY
    user_id,
    CAST(DATEADD(
      DAY,
      -(
        (
          CAST((
            (
              DATEDIFF(DAY, CAST('1970-01-05' AS DATE), date) % 7 + 7
            ) % 7
          ) AS INT)
        )
      ),
      date
    ) AS DATE)
), joined AS (
  SELECT
    user_id,
    week,
    orders,
    revenue,
    MIN(week) OVER (PARTITION BY user_id) AS cohort_week
  FROM weekly
), cells AS (
  SELECT
    cohort_week,
    week,
    COUNT(*) AS active_users,
    CAST(SUM(orders) AS BIGINT) AS orders,
    CAST(SUM(revenue) AS DECIMAL(18, 2)) AS revenue
  FROM joined
  GROUP BY
    cohort_week,
    week
)
SELECT
  cells.cohort_week,
  CAST((
    CAST(TRUNC(
      (
        DATEDIFF(DAY, cells.cohort_week, cells.week) - DATEDIFF(DAY, cells.cohort_week, cells.week) % 7
      ) / 7
    ) AS BIGINT)
  ) AS INT) AS weeks_since,
  starts.active_users AS cohort_users,
  cells.active_users,
  CASE
    WHEN starts.active_users > 0
    THEN CAST(CAST((
      CAST(TRUNC(
        (
          (
            2 * cells.active_users * 1000000 + starts.active_users
          ) - (
            2 * cells.active_users * 1000000 + starts.active_users
          ) % (
            2 * starts.active_users
          )
        ) / (
          2 * starts.active_users
        )
      ) AS BIGINT)
    ) AS DECIMAL(18, 0)) * 0.0001 AS DECIMAL(18, 4))
  END AS retention,
  cells.orders,
  cells.revenue
FROM cells
JOIN cells AS starts
  ON starts.cohort_week = cells.cohort_week AND starts.week = cells.cohort_week;
