"""The demo's comparison notices whatever differs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from flowguard.local.demo import report
from flowguard.local.demo.compare import SIDE, compare, differing_rows
from flowguard.local.shoppers import Account, Plan, history
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse

EXPECTED = pl.DataFrame(
    {"date": [date(2024, 5, 1), date(2024, 5, 2)], "orders": [3, 4], "ctr": [Decimal("1.5"), None]},
    schema={"date": pl.Date, "orders": pl.Int64, "ctr": pl.Decimal(9, 4)},
)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(settings)) as warehouse:
        yield warehouse


def test_equal_tables_have_no_differing_rows() -> None:
    found = EXPECTED.sort("date", descending=True).with_columns(pl.col("orders").cast(pl.Int32))
    assert differing_rows(EXPECTED, found, ["date"]).is_empty()


@pytest.mark.parametrize(
    ("found", "sides"),
    [
        (EXPECTED.head(1), ["expected"]),
        (pl.concat([EXPECTED, EXPECTED.head(1).with_columns(date=date(2024, 5, 9))]), ["found"]),
        (EXPECTED.with_columns(orders=pl.Series([3, 5])), ["expected", "found"]),
        (EXPECTED.with_columns(ctr=pl.lit(None, pl.Decimal(9, 4))), ["expected", "found"]),
        (pl.concat([EXPECTED, EXPECTED.tail(1)]), ["found twice", "found twice"]),
    ],
)
def test_each_difference_is_shown(found: pl.DataFrame, sides: list[str]) -> None:
    assert differing_rows(EXPECTED, found, ["date"])[SIDE].to_list() == sides


def test_tables_that_say_what_was_sent_are_equal(warehouse: Warehouse, settings: Settings) -> None:
    account = account_of_some_traffic()
    fill(warehouse, account, settings)
    assert [comparison.equal for comparison in compare(account, warehouse, settings)] == [True] * 11


DAMAGE = {
    "gold.daily_order_metrics": "UPDATE gold.daily_order_metrics SET net_revenue = net_revenue - 0.01",
    "gold.hourly_order_metrics": "UPDATE gold.hourly_order_metrics SET hour = hour - 1",
    "gold.food_performance": "UPDATE gold.food_performance SET revenue_rank = revenue_rank + 1",
    "gold.funnel_metrics": "DELETE FROM gold.funnel_metrics WHERE item_id = 'ramen'",
    "gold.category_conversion": "UPDATE gold.category_conversion SET attributed_revenue = attributed_revenue + 0.01",
    "gold.click_heatmap": "UPDATE gold.click_heatmap SET clicks = clicks + 1 WHERE hour = 12",
    "gold.user_sessions": "UPDATE gold.user_sessions SET session_id = NULL WHERE orders > 0",
    "gold.user_engagement": "UPDATE gold.user_engagement SET new_users = new_users + 1",
    "gold.user_cohorts": "UPDATE gold.user_cohorts SET active_users = active_users - 1",
    "quarantined": "DELETE FROM ops.quarantine WHERE rule = 'price'",
    "duplicates": "UPDATE gold.flow_ledger SET duplicates = duplicates + 1",
}


def test_damage_is_found_table_by_table(warehouse: Warehouse, settings: Settings) -> None:
    account = account_of_some_traffic()
    fill(warehouse, account, settings)
    damaged: list[str] = []
    for name, damage in DAMAGE.items():
        with warehouse.session() as session, session.transaction():
            session.execute(damage)
        damaged.append(name)
        differing = [comparison for comparison in compare(account, warehouse, settings) if not comparison.equal]
        assert [comparison.name for comparison in differing] == damaged
        assert report.differences(differing[-1]).row_count


def test_only_surplus_is_excused_by_events_that_may_be_stored_twice(warehouse: Warehouse, settings: Settings) -> None:
    account = account_of_some_traffic()
    fill(warehouse, account, settings)
    account.duplicates["clicks"] -= 2
    assert not all(c.equal for c in compare(account, warehouse, settings, perhaps_twice=1))
    assert all(c.equal for c in compare(account, warehouse, settings, perhaps_twice=2))
    account.duplicates["clicks"] += 3
    assert not all(c.equal for c in compare(account, warehouse, settings, perhaps_twice=2))


def test_an_empty_ledger_does_not_balance(warehouse: Warehouse) -> None:
    assert report.ledger(warehouse)[1] is False


def test_a_day_that_does_not_balance_shows(warehouse: Warehouse, settings: Settings) -> None:
    fill(warehouse, account_of_some_traffic(), settings)
    assert report.ledger(warehouse)[1] is True
    with warehouse.session() as session, session.transaction():
        session.execute(f"UPDATE gold.flow_ledger SET balanced = FALSE WHERE topic = '{settings.clicks_topic}'")
    assert report.ledger(warehouse)[1] is False


def account_of_some_traffic() -> Account:
    account = Account()
    end = datetime(2024, 5, 3, 12, tzinfo=UTC)
    for _ in account.watch(history(Plan(4, 3_000, 2, end, bad=0.2, repeated=0.1))):
        pass
    return account


def fill(warehouse: Warehouse, account: Account, settings: Settings) -> None:
    """Write what an account expects into the tables."""
    ledger = [
        (settings.orders_topic, account.duplicates["orders"]),
        (settings.clicks_topic, account.duplicates["clicks"]),
    ]
    refused = [pair for pair, count in account.refused.items() for _ in range(count)]
    with warehouse.session() as session, session.transaction():
        for name, frame in account.tables().items():
            session.keep(f"expected_{name}", frame)
            columns = ", ".join(frame.columns)
            session.execute(f"INSERT INTO gold.{name} ({columns}) SELECT {columns} FROM expected_{name}")
        session.keep("refused", pl.DataFrame(refused, schema=["stage", "rule"], orient="row"))
        session.execute(QUARANTINE)
        session.keep("repeated", pl.DataFrame(ledger, schema=["topic", "duplicates"], orient="row"))
        session.execute(LEDGER)


QUARANTINE = """
INSERT INTO ops.quarantine BY NAME
SELECT
    stage, 't' AS _topic, 1 AS _generation, 0 AS _partition, ROW_NUMBER() OVER () AS _offset,
    TIMESTAMP '2024-05-03' AS _arrived_at, DATE '2024-05-03' AS _arrival_date, rule,
    '' AS message, 'open' AS status, 0 AS redrives, TIMESTAMP '2024-05-03' AS _ingested_at, 'r' AS _run_id
FROM refused
"""
LEDGER = """
INSERT INTO gold.flow_ledger BY NAME
SELECT
    DATE '2024-05-03' AS arrival_date, topic, 0 AS offsets, 0 AS bronze_rows, 0 AS quarantined,
    0 AS skipped, 0 AS lost, 0 AS silver_rows, duplicates, 0 AS rejected, TRUE AS balanced
FROM repeated
"""
