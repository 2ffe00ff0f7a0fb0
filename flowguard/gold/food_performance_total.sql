WITH sold AS (
    SELECT
        item_id,
        CAST(SUM(total_orders) AS BIGINT) AS total_orders,
        CAST(SUM(revenue) AS DECIMAL(18, 2)) AS revenue
    FROM gold.food_performance
    GROUP BY item_id
),
latest AS (
    SELECT
        item_id, item_name, category,
        ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY date DESC) AS age
    FROM gold.food_performance
)
SELECT
    sold.item_id, latest.item_name, latest.category, sold.total_orders, sold.revenue,
    MEAN_PRICE(sold.revenue, sold.total_orders) AS avg_price,
    ROW_NUMBER() OVER (ORDER BY sold.revenue DESC, sold.item_id) AS revenue_rank
FROM sold
JOIN latest ON latest.item_id = sold.item_id AND latest.age = 1
