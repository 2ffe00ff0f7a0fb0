"""What the embedded warehouse promises besides the contract."""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from unittest import mock

import polars as pl
import pytest

from flowguard.bronze.tables import CLICKS_RAW
from flowguard.errors import InvalidInput, WarehouseBusy, WarehouseCorrupt
from flowguard.models.ops import DIRTY_DAYS, QUARANTINE
from flowguard.models.registry import TABLES, VIEWS
from flowguard.models.scope import days
from flowguard.rounds import gold
from flowguard.settings import Settings, load_settings
from flowguard.silver.tables import CLICKS_CLEANED
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard.warehouse.ducklake.connection import CATALOG
from flowguard.warehouse.lock import file_lock
from flowguard_tests.warehouse.samples import COUNT, DAY, clicks, dirty


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(tmp_path)


@pytest.fixture
def warehouse(home: Settings) -> Iterator[Warehouse]:
    warehouse = open_warehouse(home)
    yield warehouse
    warehouse.close()


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


def test_full_strength_is_given_to_a_database_of_its_own(warehouse: Warehouse) -> None:
    """One whose threads change while it is in use can block for ever."""
    threads = "SELECT CAST(current_setting('threads') AS INTEGER)"
    with warehouse.at_full_strength() as strong, strong.session() as session:
        with session.transaction():
            session.insert(DIRTY_DAYS, dirty(1))
        assert session.query(threads).item() > 1
        assert warehouse.query(threads).item() == 1
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


def test_who_reads_during_maintenance_reads_on(warehouse: Warehouse, home: Settings) -> None:
    scatter(warehouse)
    reader = open_warehouse(home, read_only=True)
    with reader.session() as session, session.snapshot():
        session.query("SELECT COUNT(*) FROM ops.dirty_days")
        for _ in range(2):
            list(warehouse.maintain())
        assert session.query("SELECT _offset FROM bronze.clicks_raw").height == 5  # COUNT(*) opens no file
    reader.close()


def test_maintenance_removes_what_nobody_can_read_any_more(warehouse: Warehouse, home: Settings) -> None:
    scatter(warehouse)
    files = home.home / "warehouse" / "data" / "bronze" / "clicks_raw"
    list(warehouse.maintain())
    assert len(list(files.rglob("*.parquet"))) == 6
    make_an_hour_older(warehouse, "ducklake_files_scheduled_for_deletion", "schedule_start")
    make_an_hour_older(warehouse, "ducklake_snapshot", "snapshot_time")
    list(warehouse.maintain())
    assert len(list(files.rglob("*.parquet"))) == 1
    assert warehouse.query("SELECT COUNT(*) FROM ducklake_snapshots('lake')").item() == 1
    assert warehouse.query("SELECT COUNT(*) FROM bronze.clicks_raw").item() == 5


def scatter(warehouse: Warehouse) -> None:
    for offset in range(5):
        with warehouse.session() as session, session.transaction():
            session.append(warehouse.stage(CLICKS_RAW, clicks(offset)))


def make_an_hour_older(warehouse: Warehouse, table: str, column: str) -> None:
    with warehouse.session() as session:
        session.execute(
            f"UPDATE __ducklake_metadata_lake.{table} "
            f"SET {column} = CAST(CAST({column} AS TIMESTAMPTZ) - INTERVAL '1 hour' AS VARCHAR)"
        )


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


def test_gold_that_was_being_renewed_when_the_process_was_killed_is_renewed_by_the_next(
    warehouse: Warehouse, home: Settings
) -> None:
    with warehouse.session() as session:
        with session.transaction():
            session.append(warehouse.stage(CLICKS_RAW, clicks(0, 1)))
            session.rebuild(CLICKS_CLEANED, days(DAY, DAY))
        session.execute("ALTER TABLE gold.funnel_metrics DROP COLUMN converted_clicks")
    (home.home / "warehouse" / "tables.txt").unlink()
    warehouse.close()
    for step in ("marks", "render.create", "render.create_view"):
        with (
            mock.patch(f"flowguard.warehouse.ducklake.warehouse.{step}", side_effect=RuntimeError(step)),
            pytest.raises(RuntimeError, match=step),
        ):
            open_warehouse(home)
    with closing(open_warehouse(home)) as renewed:
        gold.refresh(renewed, home)
        assert renewed.query("SELECT SUM(clicks), SUM(converted_clicks) FROM gold.funnel_metrics").row(0) == (2, 0)


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


def test_the_statistics_of_a_table_that_never_had_a_row_are_there_and_become_those_of_its_first(
    warehouse: Warehouse,
) -> None:
    def statistics(what: str) -> list[tuple[object, ...]]:
        with warehouse.session() as session:
            rows = session.query(
                f"SELECT {what} FROM {CATALOG}.ducklake_table_column_stats "
                f"JOIN {CATALOG}.ducklake_column AS columns USING (table_id, column_id) "
                f"JOIN {CATALOG}.ducklake_table AS tables USING (table_id) "
                f"WHERE table_name = '{CLICKS_RAW.name}' AND column_name IN ('_offset', 'item_id', 'user_id')"
            )
        return sorted(rows.rows())

    assert statistics("column_name, contains_null, min_value") == [
        ("_offset", 0, None), ("item_id", 0, None), ("user_id", 0, None)
    ]  # fmt: skip
    with warehouse.session() as session, session.transaction():
        session.append(warehouse.stage(CLICKS_RAW, clicks(0, 1)))
    least = dict(clicks(0, 1).select(pl.col("_offset", "item_id", "user_id").min()).row(0, named=True))
    assert dict(statistics("column_name, min_value")) == {name: str(value) for name, value in least.items()}
