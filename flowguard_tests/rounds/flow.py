"""What tests of whole rounds share: events, a run of ingestion, and everything that is in the tables afterwards."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import polars as pl

from flowguard.gold.tables import GOLD
from flowguard.rounds import gold
from flowguard.rounds.rolling import Rolled, roll
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.conftest import Produce

TABLES = (
    "bronze.orders_raw", "bronze.clicks_raw", "ops.quarantine", "silver.orders_cleaned", "silver.order_refunds",
    "silver.order_duplicates", "silver.clicks_cleaned", "silver.click_duplicates", "silver.attributed_orders",
    *(model.full_name for model in GOLD),
)  # fmt: skip
HIDDEN = ("_ingested_at", "_run_id", "revision")


def order(number: int, **changes: Any) -> bytes:
    event = {
        "event_id": f"e{number}",
        "event_type": "order_placed",
        "order_id": f"o{number}",
        "user_id": f"u{number % 7}",
        "item_id": f"i{number % 5}",
        "price": "9.50",
        "event_timestamp": f"2026-11-{1 + number % 9:02d}T12:00:{number % 60:02d}Z",
    }
    return json.dumps(event | changes).encode()


def click(number: int) -> bytes:
    return order(number, event_type="click" if number % 3 else "impression")


def traffic(settings: Settings, produce: Produce, count: int) -> None:
    """Orders and clicks, a refund, duplicates, and records that break the contract and a rule."""
    produce(settings.orders_topic, [*map(order, range(count)), order(1), b"junk", order(count + 1, price="-1")])
    produce(settings.orders_topic, [order(count + 2, event_type="order_refunded", order_id="o3")])
    produce(settings.clicks_topic, [*map(click, range(count)), click(2)])


def late_clicks(settings: Settings, produce: Produce, count: int) -> None:
    """Clicks of those who have ordered already, between their last click and the order, in no order."""
    numbers = [number * 7 % count for number in range(count)]
    clicks = [order(number, event_type="click", event_id=f"late{number}", item_id="i1") for number in numbers]
    produce(settings.clicks_topic, clicks)


@contextmanager
def opened(settings: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(settings)) as warehouse:
        yield warehouse


def rolled(settings: Settings, warehouse: Warehouse) -> Rolled:
    return roll(settings, warehouse, run_id="run", on_commit=lambda _: None, each_minute=lambda *_: None)


def contents(settings: Settings, warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """Every table's rows in one order, GOLD refreshed, without the columns that say when and by which run."""
    gold.refresh(warehouse, settings)
    return {
        table: (rows := warehouse.query(f"SELECT * FROM {table}").drop(HIDDEN, strict=False)).sort(rows.columns)
        for table in TABLES
    }
