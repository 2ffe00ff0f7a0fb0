"""Each check finds the rows that break it, and nothing in tables that are as they should be."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import sqlglot

from flowguard.checks.check import MOST_EXAMPLES, Check
from flowguard.checks.registry import CHECKS, checks_of
from flowguard.models.registry import BY_NAME, TABLES
from flowguard.models.table import Table
from flowguard.settings import load_settings
from flowguard.warehouse import Warehouse, open_warehouse

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12)
PLAIN: dict[str, Any] = {
    "VARCHAR": "x",
    "BIGINT": 1,
    "INTEGER": 0,
    "DATE": DAY,
    "TIMESTAMP": NOON,
    "BOOLEAN": True,
    "BLOB": b"{}",
    "DECIMAL(18, 2)": Decimal("9.90"),
    "DECIMAL(18, 4)": Decimal("1.0000"),
    "DECIMAL(9, 6)": Decimal("1.000000"),
}
SOUND: dict[str, dict[str, Any]] = {
    "bronze.orders_raw": {"event_type": "order_placed", "_rule": None},
    "bronze.clicks_raw": {"event_type": "click", "_rule": None},
    "ops.quarantine": {"stage": "bronze", "status": "redriven"},
    "ops.ingest_ranges": {"start_offset": 0, "end_offset": 1, "kind": "records", "quarantined": 0, "skipped": 0},
    "silver.clicks_cleaned": {"event_type": "click"},
    "silver.attributed_orders": {"model": "last_click", "revision": 1},
    "ops.outbox": {"revision": 1},
    "gold.daily_order_metrics": {"refunded_revenue": Decimal("0.00"), "refunded_orders": 0},
}
BROKEN: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("bronze.orders_raw", "rows_valid"): [{"price": None, "_rule": None}],
    ("bronze.clicks_raw", "rows_valid"): [{"_rule": "no such rule"}],
    ("ops.quarantine", "rows_valid"): [{"status": "forgotten"}],
    ("ops.quarantine", "quarantine_share"): [{"status": "open"}],
    ("ops.ingest_ranges", "rows_valid"): [{"end_offset": 2}],
    ("silver.order_refunds", "rows_valid"): [{"refunded_at": datetime(2026, 11, 21)}],
    ("silver.orders_cleaned", "rows_valid"): [{"price": Decimal("0.00")}],
    ("silver.clicks_cleaned", "rows_valid"): [{"event_timestamp": datetime(2026, 11, 21)}],
    ("gold.daily_order_metrics", "rows_valid"): [{"net_revenue": Decimal("1.00")}],
    ("gold.food_performance", "rows_valid"): [{"revenue_rank": 0}],
    ("gold.funnel_metrics", "rows_valid"): [{"ctr": None}],
    ("gold.category_conversion", "rows_valid"): [{"converted_clicks": 2}],
    ("gold.hourly_order_metrics", "rows_valid"): [{"hour": 24}],
    ("gold.click_heatmap", "rows_valid"): [{"impressions": 0, "clicks": 0}],
    ("gold.user_sessions", "rows_valid"): [{"orders": 0}],
    ("gold.user_engagement", "rows_valid"): [{"new_users": 2}],
    ("gold.user_cohorts", "rows_valid"): [{"cohort_users": 2}],
    ("gold.daily_report", "rows_valid"): [{"generated_at": datetime(2026, 11, 19, 23, 59)}],
    ("silver.attributed_orders", "rows_valid"): [{"clicked_item_id": None}],
    ("silver.attributed_orders", "credit_conserved"): [{"credit": Decimal("0.500000")}],
    ("ops.outbox", "rows_valid"): [{"sequence": 0}],
    ("silver.attributed_orders", "unattributed_share"): [
        {
            "order_id": f"{day}-{number}",
            "order_date": DAY - timedelta(days=day),
            "click_event_id": "c" if number % 10 or day else None,
        }
        for day in range(8)
        for number in range(50)
    ],
    ("gold.flow_ledger", "balanced"): [{"balanced": False}],
    ("ops.ingest_ranges", "exactly_once"): [
        {"start_offset": 0, "end_offset": 5},
        {"start_offset": 5, "end_offset": 8, "arrival_date": date(2026, 11, 21)},
        {"start_offset": 9, "end_offset": 10, "arrival_date": date(2026, 11, 22)},
    ],
    ("silver.orders_cleaned", "one_time_per_event"): [{"_offset": 1}, {"_offset": 2, "order_timestamp": NOON}],
    ("silver.clicks_cleaned", "one_time_per_event"): [{}, {"event_timestamp": datetime(2026, 11, 20, 13)}],
    ("silver.order_refunds", "order_has_arrived"): [{"order_id": "never"}],
    ("silver.order_refunds", "one_refund_per_order"): [{}, {"refund_date": date(2026, 10, 1), "_offset": 2}],
    ("silver.orders_cleaned", "one_order_per_id"): [{}, {"event_id": "y", "order_date": date(2026, 10, 1)}],
}
REFUSED_BY_STORAGE = {(name, "rows_valid") for name in ("silver.order_duplicates", "silver.click_duplicates")} | {
    ("gold.flow_ledger", "rows_valid")
}
"""They promise no more than NOT NULL, which holds for rows that are inserted."""
WIDE = [date(2026, 11, day) for day in (20, 21, 22)]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = open_warehouse(load_settings(home=tmp_path_factory.mktemp("home")))
    yield warehouse
    warehouse.close()


@pytest.fixture
def warehouse(opened: Warehouse) -> Iterator[Warehouse]:
    """Empty again after each test."""
    yield opened
    with opened.session() as session, session.transaction():
        for table in TABLES:
            session.execute(f"DELETE FROM {table.full_name}")


def put(warehouse: Warehouse, table: Table, *rows: dict[str, Any]) -> None:
    """Insert rows that are sound but for what is given."""
    sound = {column.name: PLAIN[column.type] for column in table.columns} | SOUND.get(table.full_name, {})
    with warehouse.session() as session, session.transaction():
        for row in rows:
            session.insert(table, pl.DataFrame([sound | row], infer_schema_length=None))


def failing(warehouse: Warehouse, check: Check) -> pl.DataFrame:
    return warehouse.query(check.failing(WIDE))


def test_sound_rows_pass_every_check(warehouse: Warehouse) -> None:
    for table in TABLES:
        put(warehouse, table, {})
    found = {f"{check.table} {check.name}": failing(warehouse, check).height for check in CHECKS}
    assert {name: rows for name, rows in found.items() if rows} == {}


@pytest.mark.parametrize("place", BROKEN, ids=" ".join)
def test_a_broken_row_is_found(warehouse: Warehouse, place: tuple[str, str]) -> None:
    [check] = [check for check in checks_of([place[0]]) if check.name == place[1]]
    put(warehouse, BY_NAME[place[0]], *BROKEN[place])
    assert failing(warehouse, check).height == 1


def test_no_check_is_left_untried() -> None:
    assert {(check.table, check.name) for check in CHECKS if check.name != "keys_unique"} == set(
        BROKEN
    ) | REFUSED_BY_STORAGE


def test_repeated_keys_are_found_in_every_table(warehouse: Warehouse) -> None:
    for check in CHECKS:
        if check.name == "keys_unique":
            put(warehouse, BY_NAME[check.table], {}, {})
            assert failing(warehouse, check)["copies"].to_list() == [2], check.table


def test_a_share_is_of_the_records_of_the_topic_and_day(warehouse: Warehouse) -> None:
    [check] = [check for check in checks_of(["ops.quarantine"]) if check.name == "quarantine_share"]
    put(warehouse, BY_NAME["ops.ingest_ranges"], {"end_offset": 43, "skipped": 3}, {"topic": "y", "end_offset": 100})
    opened = {"status": "open"}
    put(warehouse, BY_NAME["ops.quarantine"], opened, opened, {"status": "discarded"}, opened | {"stage": "gateway"})
    assert failing(warehouse, check).is_empty()  # 2 of 40 are 5 %
    put(warehouse, BY_NAME["ops.quarantine"], opened)
    assert failing(warehouse, check).rows() == [(DAY, "x", 40, 3)]


def test_other_days_are_not_looked_at(warehouse: Warehouse) -> None:
    [check] = [check for check in checks_of(["silver.orders_cleaned"]) if check.name == "keys_unique"]
    put(warehouse, BY_NAME["silver.orders_cleaned"], {}, {})
    assert warehouse.query(check.failing([date(2026, 11, 19), date(2026, 11, 21)])).is_empty()
    assert warehouse.query(check.failing([])).is_empty()


def test_all_failing_rows_of_a_day_are_counted_and_few_are_shown(warehouse: Warehouse) -> None:
    [check] = [check for check in checks_of(["gold.flow_ledger"]) if check.name == "balanced"]
    topics = [{"topic": f"t{number}", "balanced": False} for number in range(MOST_EXAMPLES + 3)]
    other = DAY + timedelta(days=1)
    put(warehouse, BY_NAME["gold.flow_ledger"], *topics, {"arrival_date": other, "balanced": False})
    shown = warehouse.query(check.counted([DAY, other]))
    assert shown["arrival_date"].value_counts().sort("arrival_date").rows() == [(DAY, MOST_EXAMPLES), (other, 1)]
    assert set(shown.select("arrival_date", "failing_rows").rows()) == {(DAY, MOST_EXAMPLES + 3), (other, 1)}
    assert shown.filter(arrival_date=DAY)["example"].sort().to_list() == list(range(1, MOST_EXAMPLES + 1))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.table}-{check.name}")
def test_failing_rows_tell_their_day(warehouse: Warehouse, check: Check) -> None:
    columns = warehouse.query(check.counted([DAY])).columns
    assert {*filter(None, [check.day]), "failing_rows", "example"} <= set(columns)
    assert len(columns) == len(set(columns))


@pytest.mark.parametrize("dialect", ["snowflake", "spark"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.table}-{check.name}")
def test_checks_leave_duckdb(check: Check, dialect: str) -> None:
    text = sqlglot.transpile(
        check.counted([DAY]), read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
    )[0]
    assert sqlglot.parse_one(text, read=dialect)
