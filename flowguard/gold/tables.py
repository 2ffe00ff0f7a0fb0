"""The GOLD models. Days are UTC; rates are percent, NULL without a denominator."""

from flowguard.models.table import (
    COUNT,
    DAY,
    FLAG,
    INSTANT,
    MONEY,
    PERCENT,
    TEXT,
    Column,
    Model,
    Table,
    View,
    required,
)

_DATE = required("date", DAY, "UTC day")
_ITEM = (
    required("item_id", TEXT, "Dish"),
    required("item_name", TEXT, "Its name, the latest of the day"),
    required("category", TEXT, "Its category, the latest of the day"),
)
_CONVERSION = (
    required("converted_clicks", COUNT, "Clicks that were the last one before an order"),
    required("attributed_orders", COUNT, "Those orders, refunded ones included"),
    required("attributed_revenue", MONEY, "Sum of their prices, whichever dish was ordered"),
    Column("click_to_order_rate", PERCENT, "100 * converted_clicks / clicks"),
)

DAILY_ORDER_METRICS = Model(
    "gold",
    "daily_order_metrics",
    "Orders, revenue and refunds per day; one order is one item",
    (
        _DATE,
        required("total_orders", COUNT, "Orders, refunded ones included"),
        required("total_revenue", MONEY, "Sum of their prices, refunded ones included"),
        required("unique_users", COUNT, "People who ordered"),
        required("avg_order_value", MONEY, "total_revenue / total_orders: per item, as one order is one item"),
        required("refunded_orders", COUNT, "Orders of this day that were refunded, whenever"),
        required("refunded_revenue", MONEY, "Sum of their prices"),
        required("net_revenue", MONEY, "total_revenue - refunded_revenue"),
    ),
    keys=("date",),
    day="date",
    partitioned=False,
    reads=("silver.orders_cleaned",),
)
FOOD_PERFORMANCE = Model(
    "gold",
    "food_performance",
    "What each dish sold per day",
    (
        _DATE,
        *_ITEM,
        required("total_orders", COUNT, "Orders, refunded ones included"),
        required("revenue", MONEY, "Sum of their prices"),
        required("avg_price", MONEY, "revenue / total_orders"),
        required("revenue_rank", COUNT, "1: the most revenue of the day; ties by item_id"),
    ),
    keys=("date", "item_id"),
    day="date",
    partitioned=False,
    reads=("silver.orders_cleaned",),
)
FUNNEL_METRICS = Model(
    "gold",
    "funnel_metrics",
    "How often each dish was seen and clicked per day, and which of these clicks became orders, whenever and of what",
    (
        _DATE,
        *_ITEM,
        required("impressions", COUNT, "Times its card was seen"),
        required("clicks", COUNT, "Times its card was clicked"),
        Column("ctr", PERCENT, "Click-through rate: 100 * clicks / impressions"),
        *_CONVERSION,
    ),
    keys=("date", "item_id"),
    day="date",
    partitioned=False,
    reads=("silver.clicks_cleaned", "silver.attributed_orders"),
)
CATEGORY_CONVERSION = Model(
    "gold",
    "category_conversion",
    "Which categories' clicks became orders, by the day of the click: the sums of funnel_metrics",
    (
        _DATE,
        required("category", TEXT, "Category of the dishes that were seen and clicked"),
        required("impressions", COUNT, "Times their cards were seen"),
        required("clicks", COUNT, "Times their cards were clicked"),
        *_CONVERSION,
    ),
    keys=("date", "category"),
    day="date",
    partitioned=False,
    reads=("silver.clicks_cleaned", "silver.attributed_orders"),
)
FLOW_LEDGER = Model(
    "gold",
    "flow_ledger",
    "Where each offset went: offsets = bronze_rows + quarantined + skipped + lost, and "
    "bronze_rows = silver_rows + duplicates + rejected; each is counted from its own table",
    (
        required("arrival_date", DAY, "UTC day of arrival"),
        required("topic", TEXT, "Kafka topic"),
        required("offsets", COUNT, "Offsets in the ingested ranges"),
        required("bronze_rows", COUNT, "Rows in Bronze"),
        required("quarantined", COUNT, "Quarantine entries that have no Bronze row"),
        required("skipped", COUNT, "Offsets that carry no record"),
        required("lost", COUNT, "Offsets whose loss a person accepted"),
        required("silver_rows", COUNT, "Rows kept in SILVER, refunds included"),
        required("duplicates", COUNT, "Rows that repeat an earlier one"),
        required("rejected", COUNT, "Quarantine entries of Bronze rows that break a business rule"),
        required("balanced", FLAG, "Whether both sums hold"),
    ),
    keys=("arrival_date", "topic"),
    day="arrival_date",
    partitioned=False,
    reads=("bronze.orders_raw", "bronze.clicks_raw", "ops.ingest_ranges", "ops.quarantine"),
)
GOLD = (DAILY_ORDER_METRICS, FOOD_PERFORMANCE, FUNNEL_METRICS, CATEGORY_CONVERSION, FLOW_LEDGER)

DAILY_REPORT = Table(
    "gold",
    "daily_report",
    "What happened on a day, for people: figures against the day before and a week ago, charts, quality of the data",
    (
        required("date", DAY, "UTC day"),
        required("headline", TEXT, "The day in a sentence"),
        required("markdown", TEXT, "The report as Markdown"),
        required("html_path", TEXT, "Where the page with the charts is, from the home's directory"),
        required("generated_at", INSTANT, "When it was made, UTC"),
    ),
    keys=("date",),
    day="date",
    partitioned=False,
    reads=(
        "silver.orders_cleaned",
        "silver.clicks_cleaned",
        "ops.quarantine",
        *(table.full_name for table in GOLD),
    ),
)
"""Not computed by SQL, but written by `flowguard.report`."""

ITEMS_NOT_CONVERTING = View(
    "gold",
    "items_not_converting",
    "Which dishes get clicks that do not become orders, the surest case first",
    (
        required("place", COUNT, "1: the dish of which it is surest"),
        *_ITEM,
        required("clicks", COUNT, "Times its card was clicked, of all time"),
        required("converted_clicks", COUNT, "Those that became orders"),
        required("clicks_without_order", COUNT, "Those that did not"),
        required("click_to_order_rate", PERCENT, "100 * converted_clicks / clicks"),
        required("rate_at_least", PERCENT, "Lower bound of the rate (Wilson, 95 %)"),
        required("rate_at_most", PERCENT, "Upper bound of the rate (Wilson, 95 %), by which the dishes are ordered"),
    ),
)
VIEWS = (ITEMS_NOT_CONVERTING,)
