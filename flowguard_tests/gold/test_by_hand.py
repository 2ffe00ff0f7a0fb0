"""Each table and view of GOLD, counted by hand."""

from flowguard.events.rules import LARGEST_PRICE
from flowguard_tests.gold.shop import Shop, click, impression, order, refund


def test_daily_order_metrics(shop: Shop) -> None:
    first = order("ann", "2026-11-20 23:59", price="10.00")
    shop.tell(first, order("ann", "2026-11-20 00:00", price="0.01"), order("bob", "2026-11-20 12:00", price="5.00"))
    shop.tell(order("bob", "2026-11-21 00:00", price="7.00"), refund(first, "2026-12-01 09:00"))
    assert shop.rows("daily_order_metrics") == [
        # 15.01 / 3 = 5.00333…
        ("2026-11-20", 3, "15.01", 2, "5.00", 1, "10.00", "5.01"),
        ("2026-11-21", 1, "7.00", 1, "7.00", 0, "0.00", "7.00"),
    ]


def test_an_average_is_rounded_half_away_from_zero(shop: Shop) -> None:
    shop.tell(order("ann", "2026-11-20 12:00", price="0.01"), order("bob", "2026-11-20 12:00", price="0.02"))
    assert shop.rows("daily_order_metrics", "avg_order_value") == [("0.02",)]


def test_the_highest_prices_do_not_stop_gold(shop: Shop) -> None:
    dearest = str(LARGEST_PRICE)
    shop.tell(*(order(user, "2026-11-20 12:00", price=dearest) for user in ("ann", "bob", "cleo")))
    assert shop.rows("daily_order_metrics", "total_revenue, avg_order_value") == [("2999999999.97", dearest)]


def test_hourly_order_metrics(shop: Shop) -> None:
    shop.tell(
        order("ann", "2026-11-20 00:00", price="1.00"),
        order("ann", "2026-11-20 00:59", price="2.00"),
        order("bob", "2026-11-20 00:30", price="3.00"),
        order("bob", "2026-11-20 23:59", price="4.00"),
        order("bob", "2026-11-21 00:00", price="5.00"),
    )
    assert shop.rows("hourly_order_metrics") == [
        ("2026-11-20", 0, 3, "6.00", 2),
        ("2026-11-20", 23, 1, "4.00", 1),
        ("2026-11-21", 0, 1, "5.00", 1),
    ]


def test_food_performance_by_day_and_in_all(shop: Shop) -> None:
    shop.tell(
        order("ann", "2026-11-20 12:00", item_id="pie", item_name="Pie", price="4.00"),
        order("bob", "2026-11-20 13:00", item_id="pie", item_name="Apple Pie", category="sweet", price="5.00"),
        order("bob", "2026-11-20 12:30", item_id="tea", item_name="Tea", price="9.00"),
        order("cleo", "2026-11-21 12:30", item_id="tea", item_name="Green Tea", price="3.00"),
    )
    assert shop.rows("food_performance") == [
        ("2026-11-20", "pie", "Apple Pie", "sweet", 2, "9.00", "4.50", 1),  # as much as tea, but before it by item_id
        ("2026-11-20", "tea", "Tea", "warm", 1, "9.00", "9.00", 2),
        ("2026-11-21", "tea", "Green Tea", "warm", 1, "3.00", "3.00", 1),
    ]
    assert shop.rows("food_performance_total") == [
        ("pie", "Apple Pie", "sweet", 2, "9.00", "4.50", 2),
        ("tea", "Green Tea", "warm", 2, "12.00", "6.00", 1),
    ]


def test_funnels_by_item_and_category(shop: Shop) -> None:
    """A click before midnight leads to an order after it, of another dish; a third click leads to nothing."""
    shop.tell(
        impression("ann", "2026-11-20 23:40"),
        impression("ann", "2026-11-20 23:41"),
        impression("bob", "2026-11-20 10:00"),
        click("ann", "2026-11-20 23:50"),
        click("bob", "2026-11-20 10:01"),
        click("bob", "2026-11-20 10:02", item_id="tea", category="drinks"),
        order("ann", "2026-11-21 00:10", item_id="pie", price="4.00"),
        order("ann", "2026-11-21 00:15", item_id="tea", price="3.00"),
    )
    assert shop.rows("funnel_metrics") == [
        ("2026-11-20", "soup", "soup", "warm", 3, 2, "66.6667", 1, 2, "7.00", "50.0000"),
        ("2026-11-20", "tea", "tea", "drinks", 0, 1, None, 0, 0, "0.00", "0.0000"),
    ]
    assert shop.rows("category_conversion") == [
        ("2026-11-20", "drinks", 0, 1, 0, 0, "0.00", "0.0000"),
        ("2026-11-20", "warm", 3, 2, 1, 2, "7.00", "50.0000"),
    ]
    shop.tell(impression("cleo", "2026-11-22 10:00"), impression("cleo", "2026-11-22 10:00", item_id="x", category="x"))
    assert shop.rows("category_conversion_total") == [
        ("drinks", 0, 1, None, 0, 0, "0.00", "0.0000"),
        ("warm", 4, 2, "50.0000", 1, 2, "7.00", "50.0000"),
        ("x", 1, 0, "0.0000", 0, 0, "0.00", None),
    ]


def test_more_clicks_than_nine_digits_hold(shop: Shop) -> None:
    """1,001 clicks on a dish that was seen once: a rate of more than 100,000 %."""
    clicks = [click("ann", "2026-11-20 10:00", event_id=f"c{number}", session_id="s") for number in range(1001)]
    shop.tell(impression("ann", "2026-11-20 10:00"), *clicks)
    assert shop.rows("funnel_metrics", "ctr") == [("100100.0000",)]


def test_click_heatmap_by_day_and_by_weekday(shop: Shop) -> None:
    """2026-11-20 is a Friday. The tea's category changes during the day: all of it counts in the last one."""
    shop.tell(
        impression("ann", "2026-11-20 09:59"),
        click("ann", "2026-11-20 10:00", item_id="tea", category="warm"),
        click("ann", "2026-11-20 11:00", item_id="tea", category="drinks"),
        click("ann", "2026-11-20 11:59", item_id="tea", category="drinks"),
        click("ann", "2026-11-27 11:00", item_id="tea", category="drinks"),
        impression("ann", "2026-11-22 23:59"),
        impression("ann", "2026-11-23 00:00"),
    )
    assert shop.rows("click_heatmap") == [
        ("2026-11-20", 9, "warm", 1, 0),
        ("2026-11-20", 10, "drinks", 0, 1),
        ("2026-11-20", 11, "drinks", 0, 2),
        ("2026-11-22", 23, "warm", 1, 0),
        ("2026-11-23", 0, "warm", 1, 0),
        ("2026-11-27", 11, "drinks", 0, 1),
    ]
    assert shop.rows("clicks_by_weekday") == [
        (1, 0, 1, 0), (5, 9, 1, 0), (5, 10, 0, 1), (5, 11, 0, 3), (7, 23, 1, 0),
    ]  # fmt: skip


def test_user_sessions_and_engagement(shop: Shop) -> None:
    """A session that goes on under another name, as after a login, is one session."""
    shop.tell(
        impression("guest", "2026-11-20 10:00", session_id="s1"),
        click("ann", "2026-11-20 10:01", session_id="s1"),
        click("ann", "2026-11-20 18:00", session_id="s2"),
        order("ann", "2026-11-20 18:05", session_id="s2", price="4.00"),
        order("bob", "2026-11-20 19:00", price="3.00"),
        click("ann", "2026-11-21 09:00"),
    )
    assert shop.rows("user_sessions") == [
        ("2026-11-20", "ann", "s1", 0, 1, 0, "0.00"),
        ("2026-11-20", "ann", "s2", 0, 1, 1, "4.00"),
        ("2026-11-20", "bob", None, 0, 0, 1, "3.00"),
        ("2026-11-20", "guest", "s1", 1, 0, 0, "0.00"),
        ("2026-11-21", "ann", None, 0, 1, 0, "0.00"),
    ]
    assert shop.rows("user_engagement") == [
        ("2026-11-20", 3, 3, 2, 1, 2, 2, "1.0000", "0.6667"),
        ("2026-11-21", 1, 0, 0, 0, 1, 0, None, "0.0000"),
    ]


def test_user_cohorts(shop: Shop) -> None:
    """Weeks begin on Monday: Sunday 2026-11-01 belongs to the week of October 26th."""
    shop.tell(
        order("ann", "2026-10-26 00:00", price="1.00"),
        order("bob", "2026-11-01 23:59", price="2.00"),
        order("ann", "2026-11-02 00:00", price="3.00"),
        order("ann", "2026-11-08 23:59", price="4.00"),
        order("cleo", "2026-11-03 12:00", price="5.00"),
        order("cleo", "2026-11-17 12:00", price="6.00"),
        click("cleo", "2026-10-28 12:00"),  # a cohort is of orders
    )
    assert shop.rows("user_cohorts") == [
        ("2026-10-26", 0, 2, 2, "100.0000", 2, "3.00"),
        ("2026-10-26", 1, 2, 1, "50.0000", 2, "7.00"),
        ("2026-11-02", 0, 1, 1, "100.0000", 1, "5.00"),
        ("2026-11-02", 2, 1, 1, "100.0000", 1, "6.00"),
    ]


def test_flow_ledger(shop: Shop) -> None:
    first = order("ann", "2026-11-20 12:00")
    shop.tell(first, first, refund(first, "2026-11-20 13:00"), order("bob", "2026-11-20 12:00", price="-1"))
    shop.tell(click("ann", "2026-11-20 12:00"), {"event_type": "click"})
    arrived = "2026-12-24"
    assert shop.rows("flow_ledger") == [
        (arrived, "clicks.v1", 2, 1, 1, 0, 0, 1, 0, 0, True),
        (arrived, "orders.v1", 4, 4, 0, 0, 0, 2, 1, 1, True),
    ]


def test_items_not_converting(shop: Shop) -> None:
    shop.tell(
        *(click("ann", f"2026-11-20 10:{minute:02d}", item_id="pie") for minute in range(9)),
        *(click("bob", f"2026-11-20 10:{minute:02d}", item_id="tea") for minute in range(3)),
        order("bob", "2026-11-20 10:05", item_id="tea"),
    )
    assert shop.rows("items_not_converting", "place, item_id, clicks_without_order, click_to_order_rate") == [
        (1, "pie", 9, "0.0000"),
        (2, "tea", 2, "33.3333"),
    ]
