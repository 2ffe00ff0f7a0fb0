"""``flowguard backfill`` on a home in which nothing runs."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.rounds import gold
from flowguard.rounds.commit import commit
from flowguard.settings import as_environment, fix_in_home, load_settings
from flowguard.warehouse import open_warehouse
from flowguard.warehouse.lock import file_lock
from flowguard_tests.require import require
from flowguard_tests.rounds.histories import Feeder, Sent

TODAY = datetime.now(UTC).date()
START = date(2026, 11, 1)
ORDER = {
    "event_id": "e1", "event_type": "order_placed", "order_id": "o1", "user_id": "u1", "item_id": "i1",
    "price": "9.50", "event_timestamp": "2026-11-20T12:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    settings = load_settings(home, start_date=START)
    fix_in_home(settings)
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        sent = [Sent("orders.v1", 0, 1000, json.dumps(ORDER).encode())]
        commit(session, Feeder(settings, warehouse).chunk(sent), settings)
        gold.refresh(warehouse, settings)
    return home


@pytest.fixture
def damaged(home: Path) -> Path:
    """Nothing is in SILVER and GOLD; tests that refuse something see that nothing gets there."""
    change(home, "DELETE FROM silver.orders_cleaned", "DELETE FROM gold.daily_order_metrics")
    return home


def change(home: Path, *statements: str) -> None:
    with closing(open_warehouse(load_settings(home))) as warehouse, warehouse.session() as session:
        for statement in statements:
            with session.transaction():
                session.execute(statement)


def backfill(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["backfill", *words, "--home", str(home)])


def rows(home: Path, table: str) -> pl.DataFrame:
    with closing(open_warehouse(load_settings(home), read_only=True)) as warehouse:
        return warehouse.query(f"SELECT * FROM {table}")


def test_silver_and_gold_are_computed_again(damaged: Path) -> None:
    done = backfill(damaged, "--from", "2026-11-19", "--to", "2026-11-21")
    assert done.exit_code == 0, done.output
    assert done.stdout == "Done.\n"
    assert "step 1 of 2: 2026-11-19 to 2026-11-21 of silver.order_duplicates" in done.stderr
    assert ": 1 rows in " in done.stderr
    assert rows(damaged, "silver.orders_cleaned").height == 1
    assert rows(damaged, "gold.daily_order_metrics")["total_orders"].to_list() == [1]


@pytest.mark.parametrize("words", [("--engine", "spark"), ()], ids=["named", "by the number of events"])
@pytest.mark.faults
def test_spark_computes_them_too(damaged: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    require("spark")
    monkeypatch.setenv("FLOWGUARD_SPARK_MASTER", "local[2]")
    monkeypatch.setenv("FLOWGUARD_SPARK_CONF", "spark.ui.enabled=false,spark.sql.shuffle.partitions=2")
    monkeypatch.setenv("FLOWGUARD_SPARK_FROM_EVENTS", "1")
    done = backfill(damaged, "--from", "2026-11-19", "--to", "2026-11-21", *words)
    assert done.exit_code == 0, done.output
    assert "step 1 of 14: silver.order_duplicates, 0 rows in " in done.stderr
    assert rows(damaged, "silver.orders_cleaned").height == 1
    assert rows(damaged, "gold.daily_order_metrics")["total_orders"].to_list() == [1]


def test_only_the_tables_that_are_named(damaged: Path) -> None:
    done = backfill(damaged, "--from", "2026-11-20", "--to", "2026-11-20", "--tables", "gold, orders_raw")
    assert done.exit_code == 0, done.output
    assert "2026-11-20 of bronze.orders_raw" in done.stderr
    assert "silver." not in done.stderr
    assert rows(damaged, "gold.daily_order_metrics")["total_orders"].to_list() == [1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-11-21", "--to", "2026-11-20"), "the first day, 2026-11-21, is after the last, 2026-11-20"),
        (("--from", "2026-11-20", "--to", f"{TODAY + timedelta(days=1)}"), "has not begun"),
        (("--from", "2026-10-31", "--to", "2026-11-20"), "before the start date 2026-11-01"),
        (
            ("--from", "2026-11-20", "--to", "2026-11-20", "--tables", "gold.daily_order_metric"),
            "mean gold.daily_order_metrics",
        ),
        (("--from", "2026-11-20", "--to", "2026-11-20", "--tables", "silver,nothing_like_it"), "there are bronze."),
        (("--from", "2026-11-20", "--to", "2026-11-20", "--tables", ""), "there is no table ''"),
        (("--from", "2026-11-20", "--to", "2026-11-20", "--tables", "ops.outbox"), "a record of what happened"),
        (("--from", "2026-11-20", "--to", "2026-11-20", "--engine", "flink"), "only warehouse and spark"),
        (
            ("--from", "2026-11-20", "--to", "2026-11-20", "--engine", "spark", "--tables", "orders_raw"),
            "Spark computes SILVER and GOLD; bronze.orders_raw is decoded",
        ),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_changed(damaged: Path, words: tuple[str, ...], told: str) -> None:
    result = backfill(damaged, *words)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert rows(damaged, "silver.orders_cleaned").is_empty()
    assert rows(damaged, "gold.daily_order_metrics").is_empty()


def test_days_that_are_none_and_days_that_are_missing(home: Path) -> None:
    assert backfill(home, "--from", "yesterday", "--to", "2026-11-20").exit_code == 2
    assert backfill(home, "--from", "2026-11-20").exit_code == 2


def test_a_mistyped_home_is_told_and_not_created(tmp_path: Path) -> None:
    day = f"{TODAY}"
    result = backfill(tmp_path / "nowhere", "--from", day, "--to", day)
    assert result.exit_code == 1
    assert "no warehouse" in result.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_day_that_cannot_be_rebuilt_is_refused(damaged: Path) -> None:
    change(damaged, "UPDATE ops.ingest_ranges SET bronze_rows = 2, end_offset = end_offset + 1")
    result = backfill(damaged, "--from", "2026-11-20", "--to", "2026-11-20")
    change(damaged, "UPDATE ops.ingest_ranges SET bronze_rows = 1, end_offset = end_offset - 1")
    assert result.exit_code == 1
    assert "of the 2 records of orders.v1 that arrived on 2026-11-20, 1 are kept" in result.stderr
    assert rows(damaged, "silver.orders_cleaned").is_empty()


def test_ctrl_c_stops_it_and_it_says_how_to_go_on(damaged: Path) -> None:
    settings = load_settings(damaged)
    words = ["backfill", "--from", "2026-11-19", "--to", "2026-11-21", "--tables", "silver", "--home", str(damaged)]
    with file_lock(damaged / "warehouse" / "write.lock", 10.0):  # so that it is within its first step for as long
        process = subprocess.Popen(
            [sys.executable, "-c", _TOLD, *words], env=as_environment(settings), stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        assert "begun" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped in step 1 of 2" in told
    assert "flowguard backfill --from 2026-11-19 --to 2026-11-21 --tables silver." in told
    assert "Traceback" not in told
    assert rows(damaged, "silver.orders_cleaned").is_empty()


_TOLD = """
import signal, sys
from flowguard.cli.main import app
from flowguard.rounds import backfill

signal.signal(signal.SIGINT, signal.default_int_handler)
silver = backfill._Plan._rebuild_silver

def begun(*given):
    print("begun", file=sys.stderr, flush=True)
    return silver(*given)

backfill._Plan._rebuild_silver = begun
app(sys.argv[1:])
"""
