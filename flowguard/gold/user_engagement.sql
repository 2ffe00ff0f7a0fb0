-- Who was there on a day, and who of them had never been there before.
WITH present AS (
    SELECT date, user_id, session_id, impressions, clicks, orders
    FROM gold.user_sessions
    WHERE date >= $first_day AND date < $end_day
),
firsts AS (
    SELECT user_id, MIN(date) AS date
    FROM gold.user_sessions
    WHERE date < $end_day AND user_id IN (SELECT user_id FROM present)
    GROUP BY user_id
),
newcomers AS (
    SELECT date, COUNT(*) AS new_users
    FROM firsts
    WHERE date >= $first_day
    GROUP BY date
),
totals AS (
    SELECT
        date,
        COUNT(DISTINCT user_id) AS active_users,
        COUNT(DISTINCT session_id) AS sessions,
        CAST(SUM(impressions) AS BIGINT) AS impressions,
        CAST(SUM(clicks) AS BIGINT) AS clicks,
        CAST(SUM(orders) AS BIGINT) AS orders
    FROM present
    GROUP BY date
)
SELECT
    totals.date, totals.active_users,
    COALESCE(newcomers.new_users, 0) AS new_users,
    totals.sessions, totals.impressions, totals.clicks, totals.orders,
    RATIO_OF(totals.clicks, totals.sessions) AS clicks_per_session,
    RATIO_OF(totals.orders, totals.active_users) AS orders_per_user
FROM totals
LEFT JOIN newcomers ON newcomers.date = totals.date
