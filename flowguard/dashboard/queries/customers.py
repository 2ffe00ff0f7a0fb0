"""Who is there, who is new, who comes back."""

from flowguard.dashboard.query import Query

COHORTS = Query("""
SELECT cohort_week, weeks_since, cohort_users, active_users, retention, orders, revenue
FROM gold.user_cohorts
WHERE cohort_week >= $first AND cohort_week <= $last
ORDER BY cohort_week, weeks_since
""")
ENGAGEMENT = Query("""
SELECT
    date, active_users, new_users, active_users - new_users AS returning_users, sessions, impressions, clicks, orders,
    clicks_per_session, orders_per_user
FROM gold.user_engagement
WHERE date >= $first AND date <= $last
ORDER BY date
""")
