"""What comes late restates exactly what it concerns, and leaves nothing dirty."""

import json

import pytest

from flowguard.rounds.backfill import rebuild
from flowguard.rounds.gold import refresh
from flowguard_tests.gold.in_polars import assert_right, read
from flowguard_tests.gold.shop import ARRIVED, Event, Shop, click, impression, order, refund

NEW = "date, active_users, new_users"
COHORTS = "cohort_week, weeks_since, active_users"


def test_a_late_order_moves_its_person_to_an_earlier_cohort(shop: Shop) -> None:
    shop.tell(order("ann", "2026-11-10 12:00"), order("ann", "2026-11-17 12:00"), order("bob", "2026-11-17 12:00"))
    assert shop.rows("user_cohorts", COHORTS) == [("2026-11-09", 0, 1), ("2026-11-09", 1, 1), ("2026-11-16", 0, 1)]
    shop.tell(order("ann", "2026-10-31 12:00"))
    assert shop.rows("user_cohorts", COHORTS) == [
        ("2026-10-26", 0, 1), ("2026-10-26", 2, 1), ("2026-10-26", 3, 1), ("2026-11-16", 0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("late", [impression, click, order])
def test_a_late_event_of_any_kind_moves_who_is_new(shop: Shop, late) -> None:  # type: ignore[no-untyped-def]
    """Over the end of a month, and only to the day that follows: the days after it were not first before."""
    shop.tell(*(click("ann", f"{day} 10:00") for day in ("2026-11-01", "2026-11-05")))
    assert shop.rows("user_engagement", NEW) == [("2026-11-01", 1, 1), ("2026-11-05", 1, 0)]
    shop.tell(late("ann", "2026-10-31 23:59"))
    assert shop.rows("user_engagement", NEW) == [("2026-10-31", 1, 1), ("2026-11-01", 1, 0), ("2026-11-05", 1, 0)]
    shop.tell(late("ann", "2026-11-03 10:00"))
    assert shop.rows("user_engagement", "SUM(new_users)") == [("1",)]
    assert shop.dirty() == []


def repeated_as_refund(placed: Event) -> Event:
    """A refund with an order's event_id and time that arrived before it: the order is its duplicate then."""
    return placed | {"event_type": "order_refunded", "order_id": "another"}


def test_a_day_that_becomes_empty_gives_its_newcomers_back(shop: Shop) -> None:
    """The only event of a person's first day no longer counts: the day's rows are gone, and they are new later."""
    first = order("ann", "2026-11-01 12:00")
    shop.tell(click("bob", "2026-11-03 09:00"))
    shop.tell(first, order("ann", "2026-11-05 12:00"))
    assert shop.rows("user_engagement", NEW) == [("2026-11-01", 1, 1), ("2026-11-03", 1, 1), ("2026-11-05", 1, 0)]
    with shop.warehouse.session() as session, session.transaction():
        session.execute(f"UPDATE bronze.orders_raw SET payload = '{json.dumps(repeated_as_refund(first))}'::BLOB "
                        f"WHERE event_id = '{first['event_id']}'")  # fmt: skip
    arrived = ARRIVED.date()
    rebuild(shop.warehouse, shop.settings, ["bronze.orders_raw"], arrived, arrived, run_id="again")
    refresh(shop.warehouse, shop.settings)
    assert shop.rows("user_engagement", NEW) == [("2026-11-03", 1, 1), ("2026-11-05", 1, 1)]
    assert shop.rows("user_cohorts", COHORTS) == [("2026-11-02", 0, 1)]
    for table in ("daily_order_metrics", "hourly_order_metrics", "food_performance", "user_sessions"):
        assert shop.rows(table, "DISTINCT date")[0][0] > "2026-11-01"
    assert_right(read(shop.warehouse))


def test_an_item_is_renamed_and_moves_to_another_category(shop: Shop) -> None:
    """The day's rows under the old category are gone, also in hours that nothing new came for."""
    shop.tell(click("ann", "2026-11-20 09:00", item_id="tea"), order("ann", "2026-11-20 09:05", item_id="tea"))
    shop.tell(click("ann", "2026-11-20 12:00", item_id="tea", item_name="Green Tea", category="drinks"))
    assert shop.rows("click_heatmap", "hour, category") == [(9, "drinks"), (12, "drinks")]
    assert shop.rows("funnel_metrics", "item_name, category") == [("Green Tea", "drinks")]
    assert shop.rows("category_conversion", "category, attributed_orders") == [("drinks", 1)]
    assert shop.rows("food_performance", "item_name, category") == [("tea", "warm")]  # no such order came


def test_what_a_refund_does_not_change_is_not_computed_again(shop: Shop) -> None:
    placed = order("ann", "2026-11-20 12:00")
    shop.tell(placed)
    rows = "SELECT rowid, snapshot_id FROM gold.user_cohorts"
    before = shop.warehouse.query(rows).rows()
    shop.tell(refund(placed, "2026-11-21 12:00"))
    assert shop.rows("daily_order_metrics", "refunded_orders") == [(1,)]
    assert shop.warehouse.query(rows).rows() == before
