WITH placed AS (
    SELECT order_date, CAST(EXTRACT(HOUR FROM order_timestamp) AS INTEGER) AS hour, price, user_id
    FROM silver.orders_cleaned
    WHERE order_date >= $first_day AND order_date < $end_day
)
SELECT
    order_date AS date, hour,
    COUNT(*) AS total_orders,
    CAST(SUM(price) AS DECIMAL(18, 2)) AS total_revenue,
    COUNT(DISTINCT user_id) AS unique_users
FROM placed
GROUP BY order_date, hour
