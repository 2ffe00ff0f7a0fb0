WITH named AS (
    SELECT
        order_date, item_id, price,
        FIRST_VALUE(item_name) OVER (
            PARTITION BY order_date, item_id ORDER BY order_timestamp DESC, event_id DESC
        ) AS item_name,
        FIRST_VALUE(category) OVER (
            PARTITION BY order_date, item_id ORDER BY order_timestamp DESC, event_id DESC
        ) AS category
    FROM silver.orders_cleaned
    WHERE order_date >= $first_day AND order_date < $end_day
),
sold AS (
    SELECT
        order_date, item_id,
        MAX(item_name) AS item_name,
        MAX(category) AS category,
        COUNT(*) AS total_orders,
        CAST(SUM(price) AS DECIMAL(18, 2)) AS revenue,
        MEAN_PRICE(SUM(price), COUNT(*)) AS avg_price
    FROM named
    GROUP BY order_date, item_id
)
SELECT
    order_date AS date, item_id, item_name, category, total_orders, revenue, avg_price,
    ROW_NUMBER() OVER (PARTITION BY order_date ORDER BY revenue DESC, item_id) AS revenue_rank
FROM sold
