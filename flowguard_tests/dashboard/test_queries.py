"""What the pages ask: figures as a person counts them, and nothing but the tables that are for reading."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from flowguard.dashboard import state
from flowguard.dashboard.filters import Days
from flowguard.dashboard.queries import clicks, customers, flow, sales
from flowguard.dashboard.query import Query
from flowguard.models.registry import BY_NAME
from flowguard.warehouse import Warehouse
from flowguard_tests.dashboard.conftest import TODAY
from flowguard_tests.gold.shop import Shop

MODULES = [import_module(f"flowguard.dashboard.queries.{name}") for name in ("categories", "clicks", "customers")]
MODULES += [import_module(f"flowguard.dashboard.queries.{name}") for name in ("flow", "sales")]
QUERIES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": query
    for module in MODULES
    for name, query in vars(module).items()
    if isinstance(query, Query)
}
YESTERDAY = TODAY - timedelta(1)
BEFORE = TODAY - timedelta(2)
WEEK = Days(TODAY - timedelta(6), TODAY)


def ask(warehouse: Warehouse, query: Query, days: Days = WEEK, columns: str = "*") -> list[tuple[Any, ...]]:
    return warehouse.query(f"SELECT {columns} FROM ({query.text(days)}) AS asked").rows()


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_only_gold_ops_and_attribution_are_read(query: Query) -> None:
    assert query.tables
    assert query.tables <= BY_NAME.keys()
    assert {table for table in query.tables if not table.startswith(("gold.", "ops."))} <= {"silver.attributed_orders"}


def test_an_empty_home_gives_no_rows_but_sums_of_nothing(warehouse: Warehouse) -> None:
    found = {name: warehouse.query(query.text(WEEK)).height for name, query in QUERIES.items()}
    assert {name: height for name, height in found.items() if height} == {"flow.IN_GOLD": 2}


def test_sales(shop: Shop) -> None:
    assert ask(shop.warehouse, sales.DAILY, columns="date, total_orders, total_revenue, net_revenue") == [
        (BEFORE, 1, Decimal("20.00"), Decimal("20.00")),
        (YESTERDAY, 1, Decimal("9.50"), Decimal("0.00")),
    ]
    assert ask(shop.warehouse, sales.BY_HOUR, columns="hour, orders") == [(10, 1), (12, 1)]
    assert ask(shop.warehouse, sales.SELLERS, columns="item_name, category, orders, revenue") == [
        ("Apple Pie", "sweet", 1, Decimal("20.00")),
        ("soup", "warm", 1, Decimal("9.50")),
    ]


def test_days_are_those_that_were_asked_for(shop: Shop) -> None:
    assert ask(shop.warehouse, sales.BY_HOUR, Days(BEFORE, BEFORE), "hour, orders") == [(12, 1)]
    assert ask(shop.warehouse, clicks.DISHES, Days(TODAY, TODAY)) == []


def test_clicks_and_what_became_of_them(shop: Shop) -> None:
    assert ask(shop.warehouse, clicks.CONVERSION, columns="category, impressions, clicks, converted_clicks") == [
        ("cold", 0, 1, 1),
        ("warm", 1, 1, 1),
    ]
    assert ask(shop.warehouse, clicks.HEATMAP, columns="hour, category, clicks") == [(11, "cold", 1), (10, "warm", 1)]
    assert ask(shop.warehouse, clicks.TIME_TO_ORDER) == [("cold", 600, 1), ("warm", 240, 1)]
    assert sorted(ask(shop.warehouse, clicks.MODELS)) == [
        ("cold", "first_click", 1, Decimal("20.00")),
        ("cold", "last_click", 1, Decimal("20.00")),
        ("warm", "first_click", 1, Decimal("9.50")),
        ("warm", "last_click", 1, Decimal("9.50")),
    ]


def test_customers(shop: Shop) -> None:
    assert ask(shop.warehouse, customers.ENGAGEMENT, columns="date, active_users, new_users, returning_users") == [
        (BEFORE, 1, 1, 0),
        (YESTERDAY, 1, 1, 0),
    ]


def test_flow(shop: Shop) -> None:
    counts = "topic, offsets, bronze_rows, quarantined, silver_rows, rejected, balanced"
    assert ask(shop.warehouse, flow.LEDGER, columns=counts) == [
        ("clicks.v1", 3, 3, 0, 3, 0, True),
        ("orders.v1", 4, 4, 0, 3, 1, True),
    ]
    assert ask(shop.warehouse, flow.IN_GOLD) == [("orders", 2), ("impressions and clicks", 3)]
    assert [row[1:] for row in ask(shop.warehouse, flow.RULES)] == [("silver", "price", "open", 1)]
    assert sum(events for *_, events in ask(shop.warehouse, flow.TAKEN_IN)) == 7
    ((rule, payload),) = ask(shop.warehouse, flow.EXAMPLES, columns="rule, payload")
    assert rule == "price" and b"cleo" in payload


def test_what_the_trust_marks_ask(shop: Shop) -> None:
    (committed,) = shop.warehouse.query(state.COMMITTED).row(0)
    assert timedelta(0) <= datetime.now(UTC).replace(tzinfo=None) - committed < timedelta(hours=1)
    assert shop.warehouse.query(state.DIRTY).is_empty()
    assert shop.warehouse.query(state.FAILING).is_empty()
