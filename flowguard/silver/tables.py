"""The SILVER models. Duplicates are a table of their own, so that each is accounted for and can be looked up."""

from flowguard.bronze.tables import COORDINATES
from flowguard.models.table import COUNT, DAY, FLAG, INSTANT, MONEY, SHARE, SMALL, TEXT, Column, Model, required

_PLACE = ("_topic", "_generation", "_partition", "_offset")
_DUPLICATE = (
    required("event_id", TEXT, "Id of the event"),
    required("event_type", TEXT, "What happened"),
    required("event_timestamp", INSTANT, "When it happened, UTC"),
    required("event_date", DAY, "UTC day of event_timestamp, the partition"),
    *COORDINATES,
)

ORDER_DUPLICATES = Model(
    "silver",
    "order_duplicates",
    "Each order event that repeats one that arrived earlier",
    (
        *_DUPLICATE[:2],
        required("order_id", TEXT, "Id of the order"),
        *_DUPLICATE[2:],
    ),
    keys=_PLACE,
    day="event_date",
    partitioned=False,
    reads=("bronze.orders_raw",),
    instant="event_timestamp",
)
ORDER_REFUNDS = Model(
    "silver",
    "order_refunds",
    "Each refund, the first to arrive per order",
    (
        required("event_id", TEXT, "Id of the event"),
        required("order_id", TEXT, "The order that was refunded, in full"),
        required("user_id", TEXT, "Who"),
        required("refunded_at", INSTANT, "When the refund happened, UTC"),
        required("refund_date", DAY, "UTC day of refunded_at, the partition"),
        *COORDINATES,
    ),
    keys=("order_id",),
    day="refund_date",
    partitioned=False,
    reads=("bronze.orders_raw", "silver.order_duplicates"),
    instant="refunded_at",
)
ORDERS_CLEANED = Model(
    "silver",
    "orders_cleaned",
    "Each order once: one item, its price, and whether it was refunded",
    (
        required("event_id", TEXT, "Id of the event"),
        required("order_id", TEXT, "Id of the order"),
        required("user_id", TEXT, "Who ordered"),
        Column("session_id", TEXT, "Browser session, where known"),
        required("item_id", TEXT, "Dish"),
        required("item_name", TEXT, "Name of the dish"),
        required("category", TEXT, "Category of the dish"),
        required("price", MONEY, "Price of the one item, in the shop's currency"),
        required("currency", TEXT, "ISO 4217"),
        required("order_timestamp", INSTANT, "When it was ordered, UTC"),
        required("order_date", DAY, "UTC day of order_timestamp, the partition"),
        Column("refunded_at", INSTANT, "When it was refunded, UTC; NULL: it was not"),
        *COORDINATES,
    ),
    keys=_PLACE,
    day="order_date",
    reads=("bronze.orders_raw", "silver.order_duplicates", "silver.order_refunds"),
    instant="order_timestamp",
)
CLICK_DUPLICATES = Model(
    "silver",
    "click_duplicates",
    "Each impression or click that repeats one that arrived earlier",
    _DUPLICATE,
    keys=_PLACE,
    day="event_date",
    partitioned=False,
    reads=("bronze.clicks_raw",),
    instant="event_timestamp",
)
CLICKS_CLEANED = Model(
    "silver",
    "clicks_cleaned",
    "Each impression and click once",
    (
        required("event_id", TEXT, "Id of the event"),
        required("event_type", TEXT, "impression or click"),
        required("user_id", TEXT, "Who"),
        Column("session_id", TEXT, "Browser session, where known"),
        required("item_id", TEXT, "Dish"),
        required("item_name", TEXT, "Name of the dish"),
        required("category", TEXT, "Category of the dish"),
        Column("page", TEXT, "Page of the storefront"),
        Column("position", SMALL, "Place of the card on the page, from 0"),
        required("event_timestamp", INSTANT, "When it happened, UTC"),
        required("event_date", DAY, "UTC day of event_timestamp, the partition"),
        *COORDINATES,
    ),
    keys=("event_id", "event_timestamp"),
    day="event_date",
    reads=("bronze.clicks_raw", "silver.click_duplicates"),
    instant="event_timestamp",
)
ATTRIBUTED_ORDERS = Model(
    "silver",
    "attributed_orders",
    "Each order, per model, with the click that gets the credit for it; credits of an order and model sum to 1",
    (
        required("order_id", TEXT, "Id of the order"),
        required("order_date", DAY, "UTC day of order_timestamp, the partition"),
        required("order_timestamp", INSTANT, "When it was ordered, UTC"),
        required("user_id", TEXT, "Who ordered, and clicked"),
        required("item_id", TEXT, "Dish that was ordered"),
        required("category", TEXT, "Its category"),
        required("price", MONEY, "Its price; refunds change nothing here"),
        required("model", TEXT, "last_click or first_click: which of the clicks in the window gets the credit"),
        Column("click_event_id", TEXT, "The click; NULL: no click in the window"),
        Column("clicked_item_id", TEXT, "Dish that was clicked"),
        Column("clicked_category", TEXT, "Its category"),
        Column("click_timestamp", INSTANT, "When it was clicked, UTC"),
        Column("seconds_to_order", COUNT, "Whole seconds from the click to the order"),
        Column("same_item", FLAG, "Whether the dish that was clicked was ordered"),
        required("credit", SHARE, "Share of the order that is the click's"),
        required("revision", SMALL, "Rises with each change of what is told of the order; a rebuild changes nothing"),
    ),
    keys=("order_id", "order_timestamp", "model"),
    day="order_date",
    reads=("silver.orders_cleaned", "silver.clicks_cleaned"),
    instant="order_timestamp",
    identity="user_id",
)
SILVER = (ORDER_DUPLICATES, ORDER_REFUNDS, ORDERS_CLEANED, CLICK_DUPLICATES, CLICKS_CLEANED, ATTRIBUTED_ORDERS)
"""In the order in which they are computed."""
