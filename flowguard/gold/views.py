"""Figures of all time: views of GOLD, computed when they are asked for."""

from flowguard.models.table import COUNT, MONEY, RATE, SMALL, TEXT, Column, View, required

_ITEM = (
    required("item_id", TEXT, "Dish"),
    required("item_name", TEXT, "Its name, the latest"),
    required("category", TEXT, "Its category, the latest"),
)

FOOD_PERFORMANCE_TOTAL = View(
    "gold",
    "food_performance_total",
    "What each dish sold in all",
    (
        *_ITEM,
        required("total_orders", COUNT, "Orders, refunded ones included"),
        required("revenue", MONEY, "Sum of their prices"),
        required("avg_price", MONEY, "revenue / total_orders"),
        required("revenue_rank", COUNT, "1: the most revenue; ties by item_id"),
    ),
)
CATEGORY_CONVERSION_TOTAL = View(
    "gold",
    "category_conversion_total",
    "Which categories' clicks became orders, in all",
    (
        required("category", TEXT, "Category that dishes had on the day on which they were seen or clicked"),
        required("impressions", COUNT, "Times their cards were seen"),
        required("clicks", COUNT, "Times their cards were clicked"),
        Column("ctr", RATE, "Click-through rate: 100 * clicks / impressions"),
        required("converted_clicks", COUNT, "Clicks that were the last one before an order"),
        required("attributed_orders", COUNT, "Those orders, refunded ones included"),
        required("attributed_revenue", MONEY, "Sum of their prices, whichever dish was ordered"),
        Column("click_to_order_rate", RATE, "100 * converted_clicks / clicks"),
    ),
)
CLICKS_BY_WEEKDAY = View(
    "gold",
    "clicks_by_weekday",
    "When people look and click: the hours of the week",
    (
        required("weekday", SMALL, "1: Monday, 7: Sunday"),
        required("hour", SMALL, "UTC hour, 0 to 23"),
        required("impressions", COUNT, "Cards seen"),
        required("clicks", COUNT, "Cards clicked"),
    ),
)
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
        required("click_to_order_rate", RATE, "100 * converted_clicks / clicks"),
        required("rate_at_least", RATE, "Lower bound of the rate (Wilson, 95 %)"),
        required("rate_at_most", RATE, "Upper bound of the rate (Wilson, 95 %), by which the dishes are ordered"),
    ),
)
VIEWS = (FOOD_PERFORMANCE_TOTAL, CATEGORY_CONVERSION_TOTAL, CLICKS_BY_WEEKDAY, ITEMS_NOT_CONVERTING)
