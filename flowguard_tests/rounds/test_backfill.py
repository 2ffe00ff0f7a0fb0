"""Backfills: in steps that are whole or not there, of what can be rebuilt, to the same tables as before."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowguard.bronze.tables import ORDERS_RAW
from flowguard.errors import WarehouseCorrupt
from flowguard.models.registry import MODELS
from flowguard.rounds import backfill, gold
from flowguard.rounds.backfill import Done, Step, rebuild
from flowguard.rounds.commit import commit
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.rounds.flow import order
from flowguard_tests.rounds.histories import Feeder, Sent

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 9)
SILVER = tuple(name for name in BY_DEFAULT if name.startswith("silver."))
DAYS = {model.full_name: model.day for model in MODELS if model.day}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(tmp_path_factory.mktemp("home"), start_date=FIRST)


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    """Orders and clicks of nine days, repeats and refunds among them, which arrived on the 20th."""
    warehouse = open_warehouse(settings)
    orders = [*map(order, range(45)), order(1), order(99, event_type="order_refunded", order_id="o3")]
    clicks = [order(number, event_type="click") for number in (*range(45), 2)]
    sent = [Sent("orders.v1", 0, 1000, value) for value in orders]
    sent += [Sent("clicks.v1", 0, 1000, value) for value in clicks]
    with warehouse.session() as session:
        assert commit(session, Feeder(settings, warehouse).chunk(sent), settings) is not None
    gold.refresh(warehouse, settings)
    yield warehouse
    warehouse.close()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "MOST_DAYS", 3)


def contents(warehouse: Warehouse, names: tuple[str, ...] = tuple(DAYS)) -> dict[str, pl.DataFrame]:
    found = {name: warehouse.query(f"SELECT * FROM {name}") for name in names}
    return {name: rows.sort(rows.columns) for name, rows in found.items()}


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, rows in expected.items():
        assert_frame_equal(found[name], rows)


def damage(warehouse: Warehouse) -> None:
    with warehouse.session() as session, session.transaction():
        for name in DAYS:
            session.execute(f"DELETE FROM {name}")


def test_a_long_range_is_rebuilt_in_steps_to_what_it_was(
    warehouse: Warehouse, settings: Settings, small_steps: None
) -> None:
    before = contents(warehouse)
    damage(warehouse)
    done: list[Done] = []
    changes = rebuild(warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="again", on_done=done.append)
    assert_same(contents(warehouse), before)
    assert [(str(part.step.first), str(part.step.last)) for part in done] == [
        ("2026-11-01", "2026-11-03"),
        ("2026-11-04", "2026-11-06"),
        ("2026-11-07", "2026-11-09"),
        ("2026-11-01", "2026-11-09"),
    ]
    assert sum(part.rows for part in done[:3]) == 93
    assert {("silver.orders_cleaned", FIRST), ("gold.funnel_metrics", LAST)} <= set(changes)
    assert warehouse.query("SELECT COUNT(*) FROM ops.dirty_days").item() == 0


def test_steps_are_smaller_where_days_are_full(
    warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "MOST_EVENTS", 25)
    done: list[Done] = []
    rebuild(warehouse, settings, ["silver.clicks_cleaned"], FIRST, LAST, run_id="again", on_done=done.append)
    assert [part.rows for part in done[:-1]] == [21, 25]


def test_stopped_between_steps_it_goes_on_where_it_was(
    warehouse: Warehouse, settings: Settings, small_steps: None
) -> None:
    before = contents(warehouse)
    damage(warehouse)
    begun: list[Step] = []

    def stop(step: Step) -> None:
        begun.append(step)
        if step.number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="stopped", on_begin=stop)
    for name, rows in contents(warehouse, SILVER).items():
        assert_frame_equal(rows, before[name].filter(pl.col(DAYS[name]) < date(2026, 11, 7)))
    told = begun[-1].how_to_go_on(LAST)
    assert f"--from 2026-11-07 --to 2026-11-09 --tables {','.join(BY_DEFAULT)}" in told
    rebuild(warehouse, settings, begun[-1].left, begun[-1].resume, LAST, run_id="goes on")
    assert_same(contents(warehouse), before)


_KILLED = """
from flowguard.faults import arm
arm("attribution.rebuilt", 1)
from datetime import date
from flowguard.rounds import backfill
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

backfill.MOST_DAYS = 3
settings = load_settings()
backfill.rebuild(
    open_warehouse(settings), settings, BY_DEFAULT, date(2026, 11, 1), date(2026, 11, 9), run_id="killed"
)
"""


def test_killed_within_a_step_every_partition_is_whole(warehouse: Warehouse, settings: Settings) -> None:
    """Killed in the second of three steps, when its orders and clicks are rebuilt, and attribution is."""
    before = contents(warehouse)
    damage(warehouse)
    killed = subprocess.run([sys.executable, "-c", _KILLED], env=as_environment(settings), timeout=120)
    assert killed.returncode == -signal.SIGKILL
    for name, rows in contents(warehouse, SILVER).items():
        assert_frame_equal(rows, before[name].filter(pl.col(DAYS[name]) < date(2026, 11, 4)))
    rebuild(warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="again")
    assert_same(contents(warehouse), before)


def test_gold_that_was_not_asked_for_follows_and_the_rest_stays(warehouse: Warehouse, settings: Settings) -> None:
    before = contents(warehouse)
    with warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM silver.orders_cleaned WHERE order_date = '2026-11-03'")
        session.execute("DELETE FROM gold.daily_order_metrics WHERE date IN ('2026-11-03', '2026-11-04')")
    day = date(2026, 11, 3)
    rebuild(warehouse, settings, ["silver.orders_cleaned"], day, day, run_id="again")
    assert warehouse.query("SELECT date FROM gold.daily_order_metrics").to_series().to_list().count(day) == 1
    rebuild(warehouse, settings, ["gold.daily_order_metrics"], FIRST, LAST, run_id="again")
    assert_same(contents(warehouse), before)


@pytest.mark.parametrize("tables", [["bronze.orders_raw"], ["silver.orders_cleaned"], ["silver.attributed_orders"]])
def test_what_bronze_no_longer_holds_is_not_rebuilt_without_it(
    warehouse: Warehouse, settings: Settings, tables: list[str]
) -> None:
    """Neither the day of arrival, nor any day of events that had come by then."""
    first, last = (date(2026, 11, 20),) * 2 if tables[0].startswith("bronze") else (FIRST, FIRST)
    before = contents(warehouse)
    gone = warehouse.query("SELECT * FROM bronze.orders_raw WHERE _offset = 7")
    with warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM bronze.orders_raw WHERE _offset = 7")
    with pytest.raises(WarehouseCorrupt, match=r"47 records of orders.v1 that arrived on 2026-11-20, 46 are kept"):
        rebuild(warehouse, settings, tables, first, last, run_id="refused")
    assert_same(contents(warehouse), before)
    rebuild(warehouse, settings, ["silver.clicks_cleaned"], FIRST, FIRST, run_id="others")
    with warehouse.session() as session, session.transaction():
        session.insert(ORDERS_RAW, gone)
    rebuild(warehouse, settings, [*tables, *BY_DEFAULT], FIRST, date(2026, 11, 20), run_id="again")
    assert_same(contents(warehouse), before)


def test_rounds_go_on_while_a_backfill_is_between_two_steps(
    warehouse: Warehouse, settings: Settings, small_steps: None
) -> None:
    """A late order and its click come in when their day was rebuilt already; both are in the tables afterwards."""
    feeder = Feeder(settings, warehouse)
    late = [Sent("orders.v1", 1, 5000, order(200, event_timestamp="2026-11-01T09:00:00Z"))]
    late += [Sent("clicks.v1", 1, 0, order(200, event_type="click", event_timestamp="2026-11-01T08:59:00Z"))]

    def come(done: Done) -> None:
        if done.step.number == 1:
            with warehouse.session() as session:
                assert commit(session, feeder.chunk(late), settings) is not None

    rebuild(warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="meanwhile", on_done=come)
    found = contents(warehouse)
    assert found["silver.attributed_orders"].filter(order_id="o200")["click_event_id"].unique().to_list() == ["e200"]
    rebuild(warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="again")
    assert_same(contents(warehouse), found)
