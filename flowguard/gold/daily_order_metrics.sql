SELECT
    order_date AS date,
    COUNT(*) AS total_orders,
    CAST(SUM(price) AS DECIMAL(18, 2)) AS total_revenue,
    COUNT(DISTINCT user_id) AS unique_users,
    MEAN_PRICE(SUM(price), COUNT(*)) AS avg_order_value,
    COUNT(refunded_at) AS refunded_orders,
    CAST(SUM(CASE WHEN refunded_at IS NULL THEN 0 ELSE price END) AS DECIMAL(18, 2)) AS refunded_revenue,
    CAST(SUM(CASE WHEN refunded_at IS NULL THEN price ELSE 0 END) AS DECIMAL(18, 2)) AS net_revenue
FROM silver.orders_cleaned
WHERE order_date >= $first_day AND order_date < $end_day
GROUP BY order_date
