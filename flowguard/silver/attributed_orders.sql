-- An order and the click that gets the credit for it: one of the same user, at most the attribution window before it.
--   last_click:  the last one, found by looking back from the order;
--   first_click: the first one, found by looking ahead from the earliest instant that counts.
-- Per user, clicks and looks stand in one line, so that sorting finds them, however many pairs there are. A click that
-- no order follows in its stretch of time or the next cannot matter and does not enter the line.
-- known is what was last told of the orders of the scope, from ops.outbox.
WITH placed AS (
    SELECT
        order_id, order_date, order_timestamp, user_id, item_id, category, price, event_id,
        STRETCH(order_timestamp) AS stretch
    FROM silver.orders_cleaned
    WHERE order_timestamp >= $start AND order_timestamp < $end AND TOUCHED(user_id)
),
near AS (
    SELECT user_id, stretch
    FROM placed
    UNION
    SELECT user_id, stretch - 1
    FROM placed
),
clicks AS (
    SELECT clicked.event_id, clicked.user_id, clicked.item_id, clicked.category, clicked.event_timestamp
    FROM silver.clicks_cleaned AS clicked
    JOIN near ON near.user_id = clicked.user_id AND near.stretch = STRETCH(clicked.event_timestamp)
    WHERE
        clicked.event_type = 'click'
        AND clicked.event_timestamp >= $start - $attribution_window AND clicked.event_timestamp < $end
),
looks AS (
    SELECT placed.*, 'last_click' AS model, order_timestamp AS instant, 2 AS step
    FROM placed
    WHERE CHOSEN('last_click')
    UNION ALL
    SELECT placed.*, 'first_click', order_timestamp - $attribution_window, 0
    FROM placed
    WHERE CHOSEN('first_click')
),
line AS (
    SELECT
        user_id, event_timestamp AS instant, 1 AS step, event_id,
        event_id AS click_event_id, item_id AS clicked_item_id, category AS clicked_category,
        event_timestamp AS click_timestamp,
        CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS order_id, CAST(NULL AS TIMESTAMP) AS order_timestamp
    FROM clicks
    UNION ALL
    SELECT user_id, instant, step, event_id, NULL, NULL, NULL, NULL, model, order_id, order_timestamp
    FROM looks
),
seen AS (
    SELECT
        model, order_id, order_timestamp,
        CASE
            WHEN model = 'last_click' THEN LAST_VALUE(click_event_id IGNORE NULLS) OVER back
            ELSE FIRST_VALUE(click_event_id IGNORE NULLS) OVER ahead
        END AS click_event_id,
        CASE
            WHEN model = 'last_click' THEN LAST_VALUE(clicked_item_id IGNORE NULLS) OVER back
            ELSE FIRST_VALUE(clicked_item_id IGNORE NULLS) OVER ahead
        END AS clicked_item_id,
        CASE
            WHEN model = 'last_click' THEN LAST_VALUE(clicked_category IGNORE NULLS) OVER back
            ELSE FIRST_VALUE(clicked_category IGNORE NULLS) OVER ahead
        END AS clicked_category,
        CASE
            WHEN model = 'last_click' THEN LAST_VALUE(click_timestamp IGNORE NULLS) OVER back
            ELSE FIRST_VALUE(click_timestamp IGNORE NULLS) OVER ahead
        END AS click_timestamp
    FROM line
    WINDOW
        back AS (
            PARTITION BY user_id ORDER BY instant, step, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ),
        ahead AS (
            PARTITION BY user_id ORDER BY instant, step, event_id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        )
),
caught AS (
    SELECT model, order_id, order_timestamp, click_event_id, clicked_item_id, clicked_category, click_timestamp
    FROM seen
    WHERE
        model IS NOT NULL
        AND click_timestamp >= order_timestamp - $attribution_window AND click_timestamp <= order_timestamp
),
attributed AS (
    SELECT
        looks.order_id, looks.order_date, looks.order_timestamp, looks.user_id, looks.item_id, looks.category,
        looks.price, looks.model,
        caught.click_event_id, caught.clicked_item_id, caught.clicked_category, caught.click_timestamp,
        DIGEST(
            looks.user_id, looks.item_id, looks.category, looks.price,
            caught.click_event_id, caught.clicked_item_id, caught.clicked_category, caught.click_timestamp
        ) AS digest
    FROM looks
    LEFT JOIN caught
        ON caught.order_id = looks.order_id AND caught.order_timestamp = looks.order_timestamp
        AND caught.model = looks.model
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
