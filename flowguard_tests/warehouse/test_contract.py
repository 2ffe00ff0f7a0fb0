"""What every warehouse promises."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as parquet
import pytest
from polars.testing import assert_frame_equal

from flowguard.bronze.decode import Records, decode_clicks, decode_orders
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.gold.tables import HOURLY_ORDER_METRICS
from flowguard.models.frame import frame
from flowguard.models.ops import DIRTY_DAYS
from flowguard.models.registry import MODELS, TABLES
from flowguard.models.scope import days
from flowguard.models.table import Model
from flowguard.rounds import gold, silver
from flowguard.rounds.changes import mark_dirty
from flowguard.rounds.chunk import ingestion_marks, limits_of, passed_clicks, passed_orders
from flowguard.settings import Settings, load_settings
from flowguard.silver.tables import CLICKS_CLEANED
from flowguard.warehouse import Warehouse, has_tables, open_warehouse
from flowguard.warehouse.base import DataFile
from flowguard_tests.warehouse.samples import COUNT, DAY, clicks, dirty


@pytest.fixture(scope="module", params=["ducklake", "snowflake"])
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    if request.param == "ducklake":
        return load_settings(tmp_path_factory.mktemp("ducklake"), warehouse="ducklake")
    on_snowflake: Settings = request.getfixturevalue("on_snowflake")
    return on_snowflake


@pytest.fixture(scope="module")
def opened(given: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(given)) as warehouse:
        yield warehouse


@pytest.fixture
def warehouse(opened: Warehouse) -> Iterator[Warehouse]:
    """Making the tables takes seconds, so they are emptied instead."""
    yield opened
    with opened.session() as session, session.transaction():
        for table in TABLES:
            session.execute(f"DELETE FROM {table.full_name}")


def test_a_transaction_is_all_or_nothing(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        with session.transaction():
            session.insert(DIRTY_DAYS, dirty(1))
        with pytest.raises(RuntimeError, match="half-way"), session.transaction():
            session.insert(DIRTY_DAYS, dirty(2))
            raise RuntimeError("half-way")
        assert session.query(COUNT).item() == 1


def test_a_failed_rebuild_leaves_the_old_rows(warehouse: Warehouse) -> None:
    broken = Model("silver", "clicks_cleaned", "", CLICKS_CLEANED.columns, (), day="event_date")
    vars(broken)["sql"] = "SELECT CAST(event_id AS INTEGER) AS event_id FROM bronze.clicks_raw"
    staged = warehouse.stage(CLICKS_RAW, clicks(0, 1))
    with warehouse.session() as session:
        with session.transaction():
            session.append(staged)
            session.rebuild(CLICKS_CLEANED, days(DAY, DAY))
        with pytest.raises(Exception, match=r"(?i)could not convert|is not recognized"), session.transaction():
            session.rebuild(broken, days(DAY, DAY))
    assert warehouse.query("SELECT COUNT(*) FROM silver.clicks_cleaned").item() == 2


def test_staged_rows_are_seen_once_appended_and_come_back_unchanged(warehouse: Warehouse) -> None:
    staged = warehouse.stage(CLICKS_RAW, clicks(0, 1, 2))
    assert warehouse.query("SELECT COUNT(*) FROM bronze.clicks_raw").item() == 0
    with warehouse.session() as session, session.transaction():
        session.append(staged)
    stored = warehouse.query("SELECT * FROM bronze.clicks_raw ORDER BY _offset")
    assert stored.select(CLICKS_RAW.column_names).equals(clicks(0, 1, 2))


def test_maintenance_names_its_steps_and_changes_no_row(warehouse: Warehouse) -> None:
    staged = warehouse.stage(CLICKS_RAW, clicks(0, 1))
    with warehouse.session() as session, session.transaction():
        session.append(staged)
    assert list(warehouse.maintain())
    assert warehouse.query("SELECT _offset FROM bronze.clicks_raw ORDER BY 1").to_series().to_list() == [0, 1]


def test_a_home_knows_whether_its_tables_were_made(warehouse: Warehouse, given: Settings, tmp_path: Path) -> None:
    assert has_tables(given)
    assert not has_tables(given.model_copy(update={"home": tmp_path}))


def test_every_table_is_there_with_its_columns(warehouse: Warehouse) -> None:
    for table in TABLES:
        assert tuple(warehouse.query(f"SELECT * FROM {table.full_name}").columns) == table.column_names


def test_a_kept_relation_can_be_replaced_inside_a_transaction_and_is_rolled_back_with_it(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        with pytest.raises(RuntimeError), session.transaction():
            session.keep("kept", dirty(1, 2))
            session.insert(DIRTY_DAYS, "SELECT * FROM kept")
            session.keep("kept", "SELECT version + 1 AS version FROM ops.dirty_days WHERE version = 2")
            assert session.query("SELECT version FROM kept").rows() == [(3,)]
            raise RuntimeError
        assert session.query(COUNT).item() == 0


ARRIVED = datetime(2026, 11, 20, 13, tzinfo=UTC)


def test_files_hold_the_rows_and_are_taken_in_by_their_tables(warehouse: Warehouse, tmp_path: Path) -> None:
    """As another engine reads and writes them."""
    staged = warehouse.stage(CLICKS_RAW, clicks(0, 1, 2))
    with warehouse.session() as session:
        with session.transaction():
            session.append(staged)
        with session.frozen():
            there = session.files(CLICKS_RAW, tmp_path, set(CLICKS_RAW.column_names))
    rows = pl.concat([_of_file(file) for file in there]).select(CLICKS_RAW.column_names).sort("_offset")
    assert_frame_equal(rows, clicks(0, 1, 2))
    rows.with_columns(_offset=pl.col("_offset") + 3).write_parquet(tmp_path / f"_day={DAY}" / "3.parquet", mkdir=True)
    taken = warehouse.adopt(CLICKS_RAW, tmp_path / f"_day={DAY}")
    assert taken.rows == 3
    with warehouse.session() as session, session.transaction():
        session.append(taken)
    stored = warehouse.query("SELECT * FROM bronze.clicks_raw ORDER BY _offset")
    assert_frame_equal(
        stored.select(rows.columns), clicks(0, 1, 2, 3, 4, 5).with_columns(event_id=pl.Series(stored["event_id"]))
    )


def test_of_unpartitioned_tables_the_days_asked_for_are_taken_in(warehouse: Warehouse, tmp_path: Path) -> None:
    hours = [(day, 12, 1, Decimal("9.50"), 1) for day in (DAY, date(2026, 11, 21))]
    frame(HOURLY_ORDER_METRICS, hours).write_parquet(tmp_path / "both.parquet")
    taken = warehouse.adopt(HOURLY_ORDER_METRICS, tmp_path, [DAY])
    with warehouse.session() as session, session.transaction():
        session.append(taken)
    assert warehouse.query("SELECT * FROM gold.hourly_order_metrics").rows() == hours[:1]


def _of_file(file: DataFile) -> pl.DataFrame:
    """A file may lack its partition column."""
    rows = pl.DataFrame(parquet.ParquetFile(file.data).read())
    return rows if file.day is None else rows.with_columns(_arrival_date=pl.lit(file.day).str.to_date())


def records(topic: str, *events: dict[str, object]) -> Records:
    common = {"user_id": "ann", "item_id": "ramen", "item_name": "Ramen", "category": "noodles"}
    values = [json.dumps(common | event).encode() for event in events]
    return Records(topic, 1, 0, DAY, values, list(range(len(values))), [int(ARRIVED.timestamp() * 1000)] * len(values))


def shop(settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and clicks of one day: one order after clicks, one without, a repeat, a refund; an older order."""
    at = "2026-11-20T12:{}:00Z".format
    order = {
        "event_id": "o1",
        "event_type": "order_placed",
        "order_id": "1",
        "price": "9.50",
        "event_timestamp": at(20),
    }
    orders = records(
        settings.orders_topic,
        order,
        order,
        order | {"event_id": "o2", "order_id": "2", "user_id": "bob", "price": "4.85", "event_timestamp": at(21)},
        order | {"event_id": "o3", "order_id": "3", "user_id": "bob", "event_timestamp": "2026-11-17T12:00:00Z"},
        order | {"event_id": "r1", "event_type": "order_refunded", "event_timestamp": at(40)},
    )
    click = {"event_id": "c1", "event_type": "click", "event_timestamp": at(10), "position": 3, "session_id": "s"}
    seen = click | {"event_id": "i1", "event_type": "impression"}
    later = click | {"event_id": "c2", "item_id": "mochi", "event_timestamp": at(15)}
    limits = limits_of(settings)
    return (
        decode_orders([orders], limits).rows,
        decode_clicks([records(settings.clicks_topic, click, click, later, seen)], limits).rows,
    )


def figures(warehouse: Warehouse, settings: Settings) -> dict[str, pl.DataFrame]:
    """What SILVER and GOLD are after a round and a refresh."""
    orders, clicks = (rows.with_columns(**ingestion_marks("run")) for rows in shop(settings))
    staged = [warehouse.stage(ORDERS_RAW, orders), warehouse.stage(CLICKS_RAW, clicks)]
    with warehouse.session() as session, session.transaction():
        for part in staged:
            session.append(part)
        changes = silver.follow(session, passed_orders(orders), passed_clicks(clicks), settings)
        mark_dirty(session, changes)
    gold.refresh(warehouse, settings)
    assert warehouse.query(COUNT).item() == 0
    return {
        model.full_name: warehouse.query(f"SELECT * FROM {model.full_name} ORDER BY {', '.join(model.keys)}")
        for model in MODELS
    }


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The figures on DuckLake."""
    embedded = load_settings(tmp_path_factory.mktemp("expected"), warehouse="ducklake")
    with closing(open_warehouse(embedded)) as reference:
        return figures(reference, embedded)


def test_silver_and_gold_are_the_same_in_values_and_types(
    warehouse: Warehouse, given: Settings, expected: dict[str, pl.DataFrame]
) -> None:
    for table, rows in figures(warehouse, given).items():
        assert not rows.is_empty(), table
        assert_frame_equal(rows, expected[table])
    last = expected["gold.daily_order_metrics"].write_csv().splitlines()[-1]
    assert last == "2026-11-20,2,14.35,2,7.18,1,9.50,4.85"
