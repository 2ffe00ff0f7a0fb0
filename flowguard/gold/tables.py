"""The GOLD models. Days and hours are UTC; rates are percent, NULL without a denominator."""

from flowguard.models.table import COUNT, DAY, FLAG, INSTANT, MONEY, RATE, SMALL, TEXT, Column, Model, Table, required

_DATE = required("date", DAY, "UTC day")
_HOUR = required("hour", SMALL, "UTC hour, 0 to 23")
_ITEM = (
    required("item_id", TEXT, "Dish"),
    required("item_name", TEXT, "Its name, the latest of the day"),
    required("category", TEXT, "Its category, the latest of the day"),
)
_CONVERSION = (
    required("converted_clicks", COUNT, "Clicks that were the last one before an order"),
    required("attributed_orders", COUNT, "Those orders, refunded ones included"),
    required("attributed_revenue", MONEY, "Sum of their prices, whichever dish was ordered"),
    Column("click_to_order_rate", RATE, "100 * converted_clicks / clicks"),
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
HOURLY_ORDER_METRICS = Model(
    "gold",
    "hourly_order_metrics",
    "Orders and revenue per hour; an hour without orders has no row",
    (
        _DATE,
        _HOUR,
        required("total_orders", COUNT, "Orders, refunded ones included"),
        required("total_revenue", MONEY, "Sum of their prices, refunded ones included"),
        required("unique_users", COUNT, "People who ordered in this hour"),
    ),
    keys=("date", "hour"),
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
        Column("ctr", RATE, "Click-through rate: 100 * clicks / impressions"),
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
CLICK_HEATMAP = Model(
    "gold",
    "click_heatmap",
    "When people look and click, per category: the hours of category_conversion",
    (
        _DATE,
        _HOUR,
        required("category", TEXT, "Category of the dishes that were seen and clicked, the latest of the day"),
        required("impressions", COUNT, "Times their cards were seen"),
        required("clicks", COUNT, "Times their cards were clicked"),
    ),
    keys=("date", "hour", "category"),
    day="date",
    partitioned=False,
    reads=("silver.clicks_cleaned",),
)
USER_SESSIONS = Model(
    "gold",
    "user_sessions",
    "What each person did per day and session: from it follows who was there for the first time, and who came back",
    (
        _DATE,
        required("user_id", TEXT, "Who saw, clicked or ordered something"),
        Column("session_id", TEXT, "Browser session; NULL: events without one"),
        required("impressions", COUNT, "Cards seen"),
        required("clicks", COUNT, "Cards clicked"),
        required("orders", COUNT, "Orders, refunded ones included"),
        required("revenue", MONEY, "Sum of their prices"),
    ),
    keys=("date", "user_id", "session_id"),
    day="date",
    partitioned=False,
    reads=("silver.orders_cleaned", "silver.clicks_cleaned"),
)
USER_ENGAGEMENT = Model(
    "gold",
    "user_engagement",
    "How many people were there per day, how many of them for the first time, and what they did",
    (
        _DATE,
        required("active_users", COUNT, "People who saw, clicked or ordered something"),
        required("new_users", COUNT, "Those of them who had never done so on an earlier day"),
        required("sessions", COUNT, "Browser sessions; events without one are in none"),
        required("impressions", COUNT, "Cards seen"),
        required("clicks", COUNT, "Cards clicked"),
        required("orders", COUNT, "Orders, refunded ones included"),
        Column("clicks_per_session", RATE, "clicks / sessions; NULL without sessions"),
        required("orders_per_user", RATE, "orders / active_users"),
    ),
    keys=("date",),
    day="date",
    partitioned=False,
    reads=("gold.user_sessions",),
)
USER_COHORTS = Model(
    "gold",
    "user_cohorts",
    "Who comes back: people by the week of their first order, and how many of them order so many weeks later",
    (
        required("cohort_week", DAY, "Monday of the week of their first order"),
        required("weeks_since", SMALL, "Weeks after it; a week in which nobody of them ordered has no row"),
        required("cohort_users", COUNT, "People whose first order was in cohort_week"),
        required("active_users", COUNT, "Those of them who ordered in this week"),
        required("retention", RATE, "100 * active_users / cohort_users"),
        required("orders", COUNT, "Their orders of this week, refunded ones included"),
        required("revenue", MONEY, "Sum of their prices"),
    ),
    keys=("cohort_week", "weeks_since"),
    reads=("gold.user_sessions",),
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
FROM_SILVER = (
    *(DAILY_ORDER_METRICS, HOURLY_ORDER_METRICS, FOOD_PERFORMANCE),
    *(FUNNEL_METRICS, CATEGORY_CONVERSION, CLICK_HEATMAP),
    *(USER_SESSIONS, FLOW_LEDGER),
)
FROM_GOLD = (USER_ENGAGEMENT, USER_COHORTS)
"""What is computed from other tables of GOLD, and so after them."""
GOLD = (*FROM_SILVER, *FROM_GOLD)

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
        *("silver.orders_cleaned", "silver.clicks_cleaned", "ops.quarantine"),
        *(table.full_name for table in GOLD),
    ),
)
"""Not computed by SQL, but written by `flowguard.report`."""
