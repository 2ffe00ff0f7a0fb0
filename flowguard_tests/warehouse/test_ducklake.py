"""What every warehouse promises, on the embedded one."""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from threading import Timer

import polars as pl
import pytest

from flowguard.bronze.tables import CLICKS_RAW
from flowguard.errors import InvalidInput, WarehouseBusy, WarehouseCorrupt
from flowguard.models.ops import DIRTY_DAYS, QUARANTINE
from flowguard.models.registry import TABLES, VIEWS
from flowguard.models.scope import days
from flowguard.models.table import Model
from flowguard.rounds import gold
from flowguard.settings import Settings, load_settings
from flowguard.silver.tables import CLICKS_CLEANED
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard.warehouse.lock import file_lock

DAY = date(2026, 11, 20)
COUNT = f"SELECT COUNT(*) FROM {DIRTY_DAYS.full_name}"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(tmp_path)


@pytest.fixture
def warehouse(home: Settings) -> Iterator[Warehouse]:
    warehouse = open_warehouse(home)
    yield warehouse
    warehouse.close()


def dirty(*versions: int) -> pl.DataFrame:
    rows = [("silver.orders_cleaned", DAY, version) for version in versions]
    return pl.DataFrame(rows, schema={"table_name": pl.String, "day": pl.Date, "version": pl.Int64}, orient="row")


def clicks(*offsets: int) -> pl.DataFrame:
    row = {
        "event_id": "e", "event_type": "click", "user_id": "u", "session_id": None, "item_id": "i", "item_name": "i",
        "category": "c", "page": None, "position": None, "event_timestamp": datetime(2026, 11, 20, 12),
        "schema_version": 1, "_rule": None, "_unknown_fields": 0, "payload": b"\0\xff" * 50_000, "_topic": "clicks.v1",
        "_generation": 1, "_partition": 0, "_arrived_at": datetime(2026, 11, 20, 12), "_arrival_date": DAY,
        "_ingested_at": datetime(2026, 11, 20, 12), "_run_id": "run",
    }  # fmt: skip
    rows = [row | {"event_id": f"e{offset}", "_offset": offset} for offset in offsets]
    types = {"session_id": pl.String, "page": pl.String, "_rule": pl.String}
    types |= dict.fromkeys(("position", "schema_version", "_unknown_fields", "_generation", "_partition"), pl.Int32)
    return pl.DataFrame(rows, schema_overrides=types).select(CLICKS_RAW.column_names)


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
        with pytest.raises(Exception, match="Could not convert"), session.transaction():
            session.rebuild(broken, days(DAY, DAY))
    assert warehouse.query("SELECT COUNT(*) FROM silver.clicks_cleaned").item() == 2


def test_staged_rows_are_seen_once_appended_and_come_back_unchanged(warehouse: Warehouse) -> None:
    staged = warehouse.stage(CLICKS_RAW, clicks(0, 1, 2))
    assert warehouse.query("SELECT COUNT(*) FROM bronze.clicks_raw").item() == 0
    with warehouse.session() as session, session.transaction():
        session.append(staged)
    stored = warehouse.query("SELECT * FROM bronze.clicks_raw ORDER BY _offset")
    assert stored.select(CLICKS_RAW.column_names).equals(clicks(0, 1, 2))


def test_readers_are_not_blocked_by_a_writer(warehouse: Warehouse, home: Settings) -> None:
    reader = open_warehouse(home, read_only=True)
    with warehouse.session() as session, session.transaction():
        session.insert(DIRTY_DAYS, dirty(1))
        assert reader.query(COUNT).item() == 0
    assert reader.query(COUNT).item() == 1
    reader.close()


def test_a_snapshot_does_not_move(warehouse: Warehouse) -> None:
    with warehouse.session() as reading, reading.snapshot():
        assert reading.query(COUNT).item() == 0
        with warehouse.session() as writing, writing.transaction():
            writing.insert(DIRTY_DAYS, dirty(1))
        assert reading.query(COUNT).item() == 0
        reading.keep("kept", "SELECT 7 AS seven")
    assert warehouse.query(COUNT).item() == 1


def test_ctrl_c_while_a_query_runs_is_a_keyboard_interrupt(warehouse: Warehouse) -> None:
    """DuckDB makes a RuntimeError of it, which nobody would take for a wish to stop."""
    after_a_moment = Timer(0.2, signal.raise_signal, [signal.SIGINT])
    after_a_moment.start()
    with pytest.raises(KeyboardInterrupt), warehouse.session() as session, session.transaction():
        session.query("SELECT COUNT(*) FROM RANGE(1_000_000) AS a(i), RANGE(1_000_000) AS b(j) WHERE i * j % 7 = 3")


def test_writers_take_turns(home: Settings) -> None:
    lock = home.home / "warehouse" / "write.lock"
    with file_lock(lock, 1.0), pytest.raises(WarehouseBusy, match=r"write\.lock"), file_lock(lock, 0.0):
        pass
    with file_lock(lock, 0.0):
        pass


def _open(home: Path) -> int:
    return open_warehouse(load_settings(home)).query("SELECT COUNT(*) FROM gold.flow_ledger").item()


def test_many_processes_may_create_it_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_open, [tmp_path] * 3) == [0, 0, 0]


def test_maintenance_changes_no_row(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        for offset in range(5):
            with session.transaction():
                session.append(warehouse.stage(CLICKS_RAW, clicks(offset)))
        session.execute("DELETE FROM bronze.clicks_raw WHERE _offset = 2")
    files = "SELECT COUNT(*) FROM ducklake_list_files('lake', 'clicks_raw', schema => 'bronze')"
    before = warehouse.query(files).item()
    assert list(warehouse.maintain())
    assert warehouse.query(files).item() < before
    assert warehouse.query("SELECT _offset FROM bronze.clicks_raw ORDER BY 1").to_series().to_list() == [0, 1, 3, 4]


def test_reading_only_writes_nothing(warehouse: Warehouse, home: Settings) -> None:
    reader = open_warehouse(home, read_only=True)
    for statement in (
        f"DELETE FROM {DIRTY_DAYS.full_name}",
        "CREATE TABLE ops.mine (a INTEGER)",
        "COPY (SELECT 1) TO 'x.csv'",
        "SELECT 1; SELECT 2",
    ):
        with pytest.raises(InvalidInput, match="read-only"):
            reader.query(statement)
    reader.close()


def test_without_a_warehouse_reading_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no warehouse"):
        open_warehouse(load_settings(tmp_path), read_only=True)


def test_every_table_is_there_with_its_columns(warehouse: Warehouse) -> None:
    for table in TABLES:
        assert tuple(warehouse.query(f"SELECT * FROM {table.full_name}").columns) == table.column_names


def make_older(home: Settings, *columns: str) -> None:
    """As a version left the home that did not know some columns of the quarantine."""
    warehouse = open_warehouse(home)
    with warehouse.session() as session:
        for column in columns:
            session.execute(f"ALTER TABLE {QUARANTINE.full_name} DROP COLUMN {column}")
        with session.transaction():
            row = ", ".join(f"{_SAMPLE[c.type]} AS {c.name}" for c in QUARANTINE.columns if c.name not in columns)
            session.insert(QUARANTINE, f"SELECT {row}")
    warehouse.close()
    (home.home / "warehouse" / "tables.txt").write_text("\n".join(table.full_name for table in TABLES))


_SAMPLE = {
    "VARCHAR": "'x'", "INTEGER": "7", "BIGINT": "7", "BLOB": "'x'::BLOB",
    "DATE": "DATE '2026-11-20'", "TIMESTAMP": "TIMESTAMP '2026-11-20 12:00:00'",
}  # fmt: skip


def test_a_home_of_an_older_version_gets_the_columns_that_it_lacks(home: Settings) -> None:
    make_older(home, "reason", "decided_at")
    for _ in range(2):
        warehouse = open_warehouse(home)
        [row] = warehouse.query(f"SELECT rule, reason, decided_at FROM {QUARANTINE.full_name}").rows()
        assert row == ("x", None, None)
        warehouse.close()
    warehouse = open_warehouse(home)
    entries = warehouse.query(f"SELECT * FROM {QUARANTINE.full_name}").with_columns(reason=pl.lit("tests"))
    with warehouse.session() as session, session.transaction():
        session.append(warehouse.stage(QUARANTINE, entries))
    reasons = warehouse.query(f"SELECT reason FROM {QUARANTINE.full_name} ORDER BY reason NULLS LAST")
    assert reasons.to_series().to_list() == ["tests", None]
    warehouse.close()


def test_a_home_that_lacks_a_required_column_is_refused(home: Settings) -> None:
    make_older(home, "stage")
    with pytest.raises(WarehouseCorrupt, match=r"ops\.quarantine .* no column stage"):
        open_warehouse(home)


ADDED = ("category_conversion", "click_heatmap", "user_sessions", "user_engagement")


def test_gold_of_an_older_shape_is_computed_anew(warehouse: Warehouse, home: Settings) -> None:
    with warehouse.session() as session:
        with session.transaction():
            session.append(warehouse.stage(CLICKS_RAW, clicks(0, 1)))
            session.rebuild(CLICKS_CLEANED, days(DAY, DAY))
        session.execute("ALTER TABLE gold.funnel_metrics DROP COLUMN converted_clicks")
        for name in ADDED:
            session.execute(f"DROP TABLE gold.{name}")
    (home.home / "warehouse" / "tables.txt").unlink()
    warehouse.close()
    with closing(open_warehouse(home)) as renewed:
        assert "converted_clicks" in renewed.query("SELECT * FROM gold.funnel_metrics").columns
        assert ("silver.clicks_cleaned", DAY) in set(
            renewed.query("SELECT table_name, day FROM ops.dirty_days").iter_rows()
        )
        gold.refresh(renewed, home)
        for name in ("funnel_metrics", *ADDED):
            assert renewed.query(f"SELECT SUM(clicks) FROM gold.{name}").item() == 2


def test_gold_whose_columns_had_other_types_is_computed_anew(warehouse: Warehouse, home: Settings) -> None:
    shape = home.home / "warehouse" / "tables.txt"
    shape.write_text(shape.read_text().replace("ctr DECIMAL(18, 4)", "ctr DECIMAL(9, 4)"))
    with warehouse.session() as session, session.transaction():
        session.execute("DROP TABLE gold.funnel_metrics")
        session.execute("CREATE TABLE gold.funnel_metrics AS SELECT CAST(1 AS DECIMAL(9, 4)) AS ctr")
    warehouse.close()
    with closing(open_warehouse(home)) as renewed:
        assert renewed.query("SELECT ctr FROM gold.funnel_metrics").schema["ctr"] == pl.Decimal(18, 4)


def test_every_view_is_there_with_its_columns(warehouse: Warehouse) -> None:
    types = "SELECT column_name, REPLACE(column_type, ',', ', ') FROM (DESCRIBE {})"
    for view in VIEWS:
        assert warehouse.query(types.format(view.full_name)).rows() == [(c.name, c.type) for c in view.columns]
