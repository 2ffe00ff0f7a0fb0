"""A home with orders and clicks of nine days, and its rebuild on Spark."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from flowguard.gold.tables import GOLD
from flowguard.models.registry import MODELS
from flowguard.rounds import gold
from flowguard.rounds.backfill import Done
from flowguard.rounds.commit import commit
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.settings import Settings
from flowguard.spark.rebuild import rebuild
from flowguard.spark.submit import submit
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.rounds.flow import order
from flowguard_tests.rounds.histories import Feeder, Sent

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 9)
TABLES = (*(model.full_name for model in MODELS), "ops.outbox")
IGNORED = {"sequence"}
"""In which order changes are told is not what they say."""
DAMAGE = (
    *(f"DELETE FROM {model.full_name} WHERE {model.day or 'cohort_week'} >= '2026-11-03'" for model in GOLD),
    "DELETE FROM silver.orders_cleaned WHERE order_date = '2026-11-04'",
    "UPDATE silver.orders_cleaned SET price = 1, refunded_at = NULL WHERE order_date = '2026-11-05'",
    "DELETE FROM silver.clicks_cleaned WHERE event_date = '2026-11-06'",
    "DELETE FROM silver.order_duplicates",
)


def click(number: int, **changes: Any) -> bytes:
    return order(number, event_type="click", event_id=f"c{number}", **changes)


def sent(*values: bytes) -> list[Sent]:
    topics = ["clicks.v1" if b'"click"' in value else "orders.v1" for value in values]
    return [Sent(topic, 0, 1000, value) for topic, value in zip(topics, values, strict=True)]


@dataclass
class World:
    """A home with orders and clicks of nine days, repeats and refunds among them."""

    settings: Settings
    warehouse: Warehouse
    feeder: Feeder

    def tell(self, events: list[Sent]) -> None:
        """A round."""
        with self.warehouse.session() as session:
            assert commit(session, self.feeder.chunk(events), self.settings) is not None

    def tables(self) -> dict[str, pl.DataFrame]:
        found = {name: self.warehouse.query(f"SELECT * FROM {name}") for name in TABLES}
        return {name: rows.drop(IGNORED, strict=False).sort(pl.all()) for name, rows in found.items()}

    def damage(self) -> None:
        with self.warehouse.session() as session, session.transaction():
            for statement in DAMAGE:
                session.execute(statement)

    def rebuild(self, before: Callable[[], None] = lambda: None, **changes: Any) -> list[Done]:
        settings = self.settings.model_copy(update=changes)
        done: list[Done] = []

        def submitted(plan: Path, tell: Callable[[str], None]) -> None:
            before()
            submit(settings, plan, tell)

        run = partial(rebuild, self.warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="spark", on_done=done.append)
        run(submit=submitted)
        return done


@contextmanager
def created(settings: Settings) -> Iterator[World]:
    orders = [*map(order, range(60)), order(1), order(99, event_type="order_refunded", order_id="o3")]
    clicks = [click(number, event_timestamp=f"2026-11-{1 + number % 9:02d}T11:50:00Z") for number in (*range(60), 2)]
    with closing(open_warehouse(settings)) as warehouse:
        world = World(settings, warehouse, Feeder(settings, warehouse))
        world.tell(sent(*orders, *clicks))
        gold.refresh(warehouse, settings)
        yield world


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, rows in expected.items():
        assert_frame_equal(found[name], rows)
