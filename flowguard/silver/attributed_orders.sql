-- An order and the click that gets the credit for it: one of the same user, at most the attribution window before it.
--   last_click:  the last one, found by looking back from the order;
--   first_click: the first one, found by looking ahead from the earliest instant that counts.
-- Per user and stretch of time, clicks and looks stand in one line, in which clicks are counted: a look back finds the
-- click of its own count, a look ahead the next one. So one sort finds all, however many pairs of clicks and orders
-- there are. The line of a stretch has its orders, and the clicks of it and of the stretch before: as a stretch is as
-- long as the attribution window, no others can matter to them. So the line of a user who never rests is short, too;
-- and a click that no order follows in its stretch or the next enters no line.
-- known is what was last told of the orders of the scope, from ops.outbox.
WITH placed AS (
    SELECT
        order_id, order_date, order_timestamp, user_id, item_id, category, price, event_id,
        STRETCH(order_timestamp) AS stretch
    FROM silver.orders_cleaned
    WHERE order_timestamp >= $start AND order_timestamp < $end AND TOUCHED(user_id)
),
near AS (
    SELECT user_id, stretch, stretch AS click_stretch
    FROM placed
    UNION
    SELECT user_id, stretch, stretch - 1
    FROM placed
),
clicks AS (
    SELECT clicked.event_id, clicked.user_id, near.stretch, clicked.item_id, clicked.category, clicked.event_timestamp
    FROM silver.clicks_cleaned AS clicked
    JOIN near ON near.user_id = clicked.user_id AND near.click_stretch = STRETCH(clicked.event_timestamp)
    WHERE
        clicked.event_type = 'click'
        AND clicked.event_timestamp >= $start - $attribution_window AND clicked.event_timestamp < $end
),
line AS (
    SELECT
        user_id, stretch, event_timestamp AS instant, 1 AS step, event_id, item_id, category,
        CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS order_id, CAST(NULL AS DATE) AS order_date,
        CAST(NULL AS TIMESTAMP) AS order_timestamp, CAST(NULL AS DECIMAL(18, 2)) AS price
    FROM clicks
    UNION ALL
    SELECT
        user_id, stretch, order_timestamp, 2, event_id, item_id, category, 'last_click',
        order_id, order_date, order_timestamp, price
    FROM placed
    WHERE CHOSEN('last_click')
    UNION ALL
    SELECT
        user_id, stretch, order_timestamp - $attribution_window, 0, event_id, item_id, category, 'first_click',
        order_id, order_date, order_timestamp, price
    FROM placed
    WHERE CHOSEN('first_click')
),
counted AS (
    SELECT
        line.*,
        COUNT(CASE WHEN step = 1 THEN 1 END) OVER (
            PARTITION BY user_id, stretch ORDER BY instant, step, event_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS clicks_so_far
    FROM line
),
looks AS (
    SELECT
        counted.*,
        CASE WHEN model = 'last_click' THEN clicks_so_far ELSE clicks_so_far + 1 END AS number
    FROM counted
    WHERE model IS NOT NULL
),
clicked AS (
    SELECT
        user_id, stretch, clicks_so_far AS number, event_id AS click_event_id, item_id AS clicked_item_id,
        category AS clicked_category, instant AS click_timestamp
    FROM counted
    WHERE model IS NULL
),
attributed AS (
    SELECT
        looks.order_id, looks.order_date, looks.order_timestamp, looks.user_id, looks.item_id, looks.category,
        looks.price, looks.model,
        clicked.click_event_id, clicked.clicked_item_id, clicked.clicked_category, clicked.click_timestamp,
        DIGEST(
            looks.user_id, looks.item_id, looks.category, looks.price,
            clicked.click_event_id, clicked.clicked_item_id, clicked.clicked_category, clicked.click_timestamp
        ) AS digest
    FROM looks
    LEFT JOIN clicked
        ON clicked.user_id = looks.user_id AND clicked.stretch = looks.stretch AND clicked.number = looks.number
        AND clicked.click_timestamp >= looks.order_timestamp - $attribution_window
        AND clicked.click_timestamp <= looks.order_timestamp
),
highest AS (
    SELECT order_id, model, MAX(revision) AS revision
    FROM known
    GROUP BY order_id, model
)
SELECT
    attributed.order_id, attributed.order_date, attributed.order_timestamp, attributed.user_id, attributed.item_id,
    attributed.category, attributed.price, attributed.model,
    attributed.click_event_id, attributed.clicked_item_id, attributed.clicked_category, attributed.click_timestamp,
    SECONDS_BETWEEN(attributed.click_timestamp, attributed.order_timestamp) AS seconds_to_order,
    attributed.clicked_item_id = attributed.item_id AS same_item,
    CAST(1 AS DECIMAL(9, 6)) AS credit,
    -- Where nothing was told, or a retraction, another order of that id may be retracted now: with its highest + 1.
    CASE
        WHEN known.digest = attributed.digest THEN known.revision
        WHEN known.digest IS NOT NULL THEN known.revision + 1
        ELSE COALESCE(highest.revision + 2, 1)
    END AS revision
FROM attributed
LEFT JOIN known
    ON known.order_id = attributed.order_id AND known.order_timestamp = attributed.order_timestamp
    AND known.model = attributed.model
LEFT JOIN highest ON highest.order_id = attributed.order_id AND highest.model = attributed.model
