-- People by the week of their first order, and how many of them ordered again so many weeks later. All of a cohort
-- order in its week 0, so that week tells how large it is.
WITH weekly AS (
    SELECT
        user_id, MONDAY_OF(date) AS week,
        SUM(orders) AS orders,
        SUM(revenue) AS revenue
    FROM gold.user_sessions
    WHERE orders > 0
    GROUP BY user_id, MONDAY_OF(date)
),
joined AS (
    SELECT user_id, week, orders, revenue, MIN(week) OVER (PARTITION BY user_id) AS cohort_week
    FROM weekly
),
cells AS (
    SELECT
        cohort_week, week,
        COUNT(*) AS active_users,
        CAST(SUM(orders) AS BIGINT) AS orders,
        CAST(SUM(revenue) AS DECIMAL(18, 2)) AS revenue
    FROM joined
    GROUP BY cohort_week, week
)
SELECT
    cells.cohort_week,
    CAST(WEEKS_BETWEEN(cells.cohort_week, cells.week) AS INTEGER) AS weeks_since,
    starts.active_users AS cohort_users,
    cells.active_users,
    PERCENT_OF(cells.active_users, starts.active_users) AS retention,
    cells.orders, cells.revenue
FROM cells
JOIN cells AS starts ON starts.cohort_week = cells.cohort_week AND starts.week = cells.cohort_week
