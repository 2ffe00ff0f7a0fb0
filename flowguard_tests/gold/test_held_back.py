"""GOLD waits for days that fail a check of Bronze or SILVER, and only for these."""

from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowguard.checks.registry import checks_of
from flowguard.errors import InvalidInput
from flowguard.gold.tables import GOLD
from flowguard.rounds.backfill import rebuild
from flowguard.rounds.evaluation import evaluate
from flowguard.rounds.failures import Failure, open_failures, record
from flowguard.rounds.gold import refresh
from flowguard.rounds.holds import waiting
from flowguard.rounds.news import wait_for_dirty_days
from flowguard.rounds.overriding import override, undo_override
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.warehouse import open_warehouse
from flowguard_tests.gold.shop import ARRIVED, Shop, click, order, refund

BAD, GOOD = date(2026, 11, 20), date(2026, 11, 22)
ORDERS = "silver.orders_cleaned"
OWN_CHECKS = checks_of([ORDERS, "silver.order_refunds", "bronze.orders_raw"])
PER_DAY = "date, total_orders"


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    """An order on each of two days, which GOLD has followed."""
    shop.tell(order("ann", f"{BAD} 12:00"), order("ann", f"{GOOD} 12:00"), click("ann", f"{BAD} 11:59"))
    return shop


def evaluated(shop: Shop, run_id: str = "run") -> list[Failure]:
    """The checks of a few tables, on all days of this test."""
    days = {*(BAD + timedelta(days=number) for number in range(5)), ARRIVED.date()}
    return record(shop.warehouse, [evaluate(shop.warehouse, check, days) for check in OWN_CHECKS], run_id)


def hurt(shop: Shop, price: str, where: str = f"order_date = '{BAD}'", table: str = ORDERS) -> None:
    with shop.warehouse.session() as session, session.transaction():
        session.execute(f"UPDATE {table} SET price = {price} WHERE {where}")


def test_a_healthy_home_has_no_failures_and_writes_none(open_shop: Shop) -> None:
    snapshots = "SELECT MAX(snapshot_id) FROM ducklake_snapshots('lake')"
    before = open_shop.warehouse.query(snapshots).item()
    with open_shop.warehouse.session() as session, session.transaction():
        assert evaluated(open_shop) == []  # it does not wait for the lock of those who write
    assert open_shop.warehouse.query(snapshots).item() == before


def test_one_day_is_held_back_while_others_go_on_and_it_follows_when_mended(open_shop: Shop) -> None:
    hurt(open_shop, "0")
    failures = {(failure.table, failure.check, failure.day) for failure in evaluated(open_shop)}
    assert (ORDERS, "rows_valid", BAD) in failures
    open_shop.tell(order("bob", f"{BAD} 13:00"), order("bob", f"{GOOD} 13:00"))
    assert open_shop.rows("daily_order_metrics", PER_DAY) == [(f"{BAD}", 1), (f"{GOOD}", 2)]
    assert open_shop.rows("user_engagement", "date, active_users") == [(f"{BAD}", 1), (f"{GOOD}", 2)]
    assert open_shop.rows("user_cohorts", "active_users") == [(2,)]  # follows the days that GOLD has
    assert open_shop.rows("flow_ledger", "topic, bronze_rows") == [("clicks.v1", 1), ("orders.v1", 4)]
    [held] = waiting(open_shop.warehouse).held
    assert (held.day, held.failure.table) == (BAD, ORDERS)
    assert {day for _, day in open_shop.dirty()} == {f"{BAD}"}
    assert not wait_for_dirty_days(open_shop.warehouse, 0)

    hurt(open_shop, "9.50")
    assert evaluated(open_shop) == []
    assert wait_for_dirty_days(open_shop.warehouse, 0)
    refresh(open_shop.warehouse, open_shop.settings)
    assert open_shop.rows("daily_order_metrics", PER_DAY) == [(f"{BAD}", 2), (f"{GOOD}", 2)]
    assert open_shop.dirty() == []


def test_what_is_done_with_holds_in_between_equals_one_recompute(open_shop: Shop) -> None:
    hurt(open_shop, "0")
    evaluated(open_shop)
    late = order("cat", f"{BAD} 10:00")
    open_shop.tell(late, click("cat", f"{BAD} 09:50"), order("dan", f"{GOOD} 08:00"))
    open_shop.tell(refund(late, f"{GOOD} 09:00"), click("ann", f"{BAD - timedelta(days=1)} 23:00"))
    override(open_shop.warehouse, ORDERS, "rows_valid", BAD, "known")
    open_shop.tell(order("eve", f"{BAD} 10:00"))
    undo_override(open_shop.warehouse, ORDERS, "rows_valid", BAD)
    open_shop.tell(order("fay", f"{BAD} 10:00"))
    hurt(open_shop, "9.50")
    evaluated(open_shop)
    refresh(open_shop.warehouse, open_shop.settings)
    found = [open_shop.warehouse.query(f"SELECT * FROM {model.full_name} ORDER BY ALL") for model in GOLD]
    days = {model.full_name: [BAD + timedelta(days=number) for number in range(-3, 40)] for model in GOLD}
    refresh(open_shop.warehouse, open_shop.settings, days)
    for model, rows in zip(GOLD, found, strict=True):
        assert_frame_equal(rows, open_shop.warehouse.query(f"SELECT * FROM {model.full_name} ORDER BY ALL"))


def test_a_warning_holds_nothing_back_and_cannot_be_overridden(open_shop: Shop) -> None:
    open_shop.tell(refund(order("eve", f"{BAD} 12:00"), f"{BAD} 13:00"))
    [failure] = [failure for failure in evaluated(open_shop) if failure.check == "order_has_arrived"]
    assert failure.severity == "WARN"
    open_shop.tell(order("bob", f"{BAD} 13:00"))
    assert open_shop.rows("daily_order_metrics", PER_DAY) == [(f"{BAD}", 2), (f"{GOOD}", 1)]
    with pytest.raises(InvalidInput, match="holds nothing back"):
        override(open_shop.warehouse, failure.table, failure.check, BAD, "no matter")


def test_a_day_of_bronze_holds_the_days_of_its_events_but_not_the_ledger(open_shop: Shop) -> None:
    hurt(open_shop, "NULL", "order_id LIKE '%2026-11-20%'", "bronze.orders_raw")
    failures = evaluated(open_shop)
    assert ("bronze.orders_raw", "rows_valid", ARRIVED.date()) in {failure[:3] for failure in failures}
    open_shop.tell(order("bob", f"{BAD} 13:00"), order("bob", f"{GOOD} 13:00"))
    assert open_shop.rows("daily_order_metrics", "total_orders") == [(1,), (1,)]
    assert {held.day for held in waiting(open_shop.warehouse).held} == {BAD, GOOD}
    assert open_shop.rows("flow_ledger", "bronze_rows") == [(1,), (4,)]
    override(open_shop.warehouse, "bronze.orders_raw", "rows_valid", ARRIVED.date(), "a test")
    refresh(open_shop.warehouse, open_shop.settings)
    assert open_shop.rows("daily_order_metrics", "total_orders") == [(2,), (2,)]


def test_an_override_covers_the_rows_that_a_person_saw_and_no_more(open_shop: Shop) -> None:
    open_shop.tell(order("bob", f"{BAD} 13:00"))
    hurt(open_shop, "0", "user_id = 'ann' AND order_date = '2026-11-20'")
    evaluated(open_shop)
    with pytest.raises(InvalidInput, match="reason is empty"):
        override(open_shop.warehouse, ORDERS, "rows_valid", BAD, " ")
    with pytest.raises(InvalidInput, match=f"not failing.*{ORDERS} rows_valid {BAD}"):
        override(open_shop.warehouse, ORDERS, "rows_valid", GOOD, "known")
    others = [failure for failure in open_failures(open_shop.warehouse) if failure.check != "rows_valid"]
    for failure in others:  # each that fails is a decision of its own
        override(open_shop.warehouse, *failure[:2], BAD, "follows from it")
    since = override(open_shop.warehouse, ORDERS, "rows_valid", BAD, "it's known").since

    def state() -> Failure:
        [failure] = [f for f in evaluated(open_shop, "later") if f[:2] == (ORDERS, "rows_valid")]
        return failure

    assert (state().override_reason, state().since, state().run_id) == ("it's known", since, "later")
    open_shop.tell(order("cat", f"{BAD} 14:00"))
    assert open_shop.rows("daily_order_metrics", PER_DAY)[0] == (f"{BAD}", 3)
    hurt(open_shop, "0")
    assert (state().rows, state().overridden_at, state().since) == (3, None, since)
    with pytest.raises(InvalidInput, match="not overridden"):
        undo_override(open_shop.warehouse, ORDERS, "rows_valid", BAD)


def test_an_older_evaluation_does_not_undo_a_newer_one(open_shop: Shop) -> None:
    [check] = [check for check in OWN_CHECKS if (check.table, check.name) == (ORDERS, "rows_valid")]
    before = evaluate(open_shop.warehouse, check, [BAD])
    hurt(open_shop, "0")
    [failure] = record(open_shop.warehouse, [evaluate(open_shop.warehouse, check, [BAD])], "newer")
    assert record(open_shop.warehouse, [before], "older") == [failure]


def test_the_state_is_still_there_after_a_restart(open_shop: Shop) -> None:
    hurt(open_shop, "0")
    before = evaluated(open_shop)
    open_shop.warehouse.close()
    open_shop.warehouse = open_warehouse(open_shop.settings)
    assert open_failures(open_shop.warehouse) == before
    examples = pl.read_json(before[-1].examples.encode())
    assert examples.height == 1


def test_a_backfill_that_mends_a_day_lets_gold_follow_it(open_shop: Shop) -> None:
    hurt(open_shop, "0")
    evaluated(open_shop)
    rebuild(open_shop.warehouse, open_shop.settings, BY_DEFAULT, BAD, GOOD, run_id="mend")
    assert open_failures(open_shop.warehouse) == []
    assert open_shop.dirty() == []


def test_a_backfill_of_gold_does_the_other_days_and_leaves_a_held_one_for_later(open_shop: Shop) -> None:
    hurt(open_shop, "0")
    evaluated(open_shop)
    with open_shop.warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM gold.daily_order_metrics")
    rebuild(open_shop.warehouse, open_shop.settings, ["gold.daily_order_metrics"], BAD, GOOD, run_id="again")
    assert open_shop.rows("daily_order_metrics", PER_DAY) == [(f"{GOOD}", 1)]
    assert [held.day for held in waiting(open_shop.warehouse).held] == [BAD]
    hurt(open_shop, "9.50")
    evaluated(open_shop)
    refresh(open_shop.warehouse, open_shop.settings)
    assert open_shop.rows("daily_order_metrics", PER_DAY) == [(f"{BAD}", 1), (f"{GOOD}", 1)]
