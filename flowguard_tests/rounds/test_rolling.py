"""Rolling runs on a real broker: they take what is there, end when it is quiet, and survive being killed."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from flowguard.errors import OffsetGap
from flowguard.rounds.lease import lease_is_held, rolling_lease
from flowguard.rounds.news import wait_for_dirty_days
from flowguard.rounds.rolling import roll
from flowguard.settings import Settings, as_environment
from flowguard.warehouse import Warehouse
from flowguard_tests.conftest import Produce
from flowguard_tests.rounds.flow import contents, opened, order, rolled, traffic
from flowguard_tests.waiting import wait_until


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Rolling runs that end soon after the topics are quiet."""
    return settings.model_copy(update={"quiet_time": timedelta(milliseconds=200), "chunk_records": 300})


def test_a_run_takes_everything_and_ends_when_quiet(quick: Settings, produce: Produce) -> None:
    traffic(quick, produce, 400)
    with opened(quick) as warehouse:
        result = rolled(quick, warehouse)
        assert (result.ended, result.records) == ("quiet", 805)
        assert result.rounds > 1
        ledger = contents(quick, warehouse)["gold.flow_ledger"].drop("arrival_date", "topic").sort("offsets")
        assert ledger.rows() == [
            (401, 401, 0, 0, 0, 400, 1, 0, True),
            (404, 403, 1, 0, 0, 401, 1, 1, True),
        ]
        again = rolled(quick, warehouse)
        assert (again.rounds, again.records) == (0, 0)


def test_what_comes_later_is_taken_by_the_same_run(quick: Settings, produce: Produce) -> None:
    produce(quick.orders_topic, [order(0)])
    later = iter([[order(1)], [order(2), order(0)]])
    patient = quick.model_copy(update={"quiet_time": timedelta(seconds=5)})  # longer than a busy machine produces

    with opened(quick) as warehouse:
        result = roll(
            patient,
            warehouse,
            run_id="run",
            on_commit=lambda _: produce(quick.orders_topic, next(later, [])),
            each_minute=lambda *_: None,
        )
        assert (result.rounds, result.records) == (3, 4)
        assert warehouse.query("SELECT COUNT(*) FROM silver.orders_cleaned").item() == 3


def test_one_rolling_run_at_a_time(quick: Settings, produce: Produce) -> None:
    produce(quick.orders_topic, [order(0)])
    with opened(quick) as warehouse:
        with rolling_lease(quick):
            assert lease_is_held(quick)
            assert rolled(quick, warehouse).ended == "another run is at work"
        assert not lease_is_held(quick)
        assert warehouse.query("SELECT COUNT(*) FROM bronze.orders_raw").item() == 0


def test_checks_see_every_change_once(quick: Settings, produce: Produce) -> None:
    traffic(quick, produce, 50)
    seen = []
    with opened(quick) as warehouse:
        roll(
            quick, warehouse, run_id="r", on_commit=lambda _: None, each_minute=lambda _, changes: seen.append(changes)
        )
    (changes,) = seen
    assert ("silver.orders_cleaned", date(2026, 11, 1)) in changes
    assert "ops.quarantine" in {table for table, _ in changes}


def test_offsets_that_are_gone_stop_ingestion(quick: Settings, produce: Produce) -> None:
    produce(quick.orders_topic, [order(0)], partition=0)
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        with warehouse.session() as session, session.transaction():
            session.execute("UPDATE ops.ingest_ranges SET end_offset = 7")
        with pytest.raises(OffsetGap, match=rf"{quick.orders_topic}.*partition 0"):
            rolled(quick, warehouse)


@pytest.mark.faults
def test_a_killed_run_leaves_no_trace(quick: Settings, produce: Produce, tmp_path: Path) -> None:
    traffic(quick, produce, 3000)
    undisturbed = quick.model_copy(update={"home": tmp_path / "undisturbed", "chunk_records": 5000})
    with opened(undisturbed) as warehouse:
        rolled(undisturbed, warehouse)
        expected = contents(undisturbed, warehouse)

    with opened(quick) as warehouse:
        run = subprocess.Popen([sys.executable, "-c", _RUN], env=as_environment(quick), start_new_session=True)
        try:
            wait_until(lambda: _ranges(warehouse) >= 2, 60)
        finally:
            run.kill()
            run.wait()
        taken = warehouse.query("SELECT COUNT(*) FROM bronze.orders_raw").item()
        assert 0 < taken < 3003
        rolled(quick, warehouse)
        assert wait_for_dirty_days(warehouse, 0)
        for table, rows in contents(quick, warehouse).items():
            assert_frame_equal(rows, expected[table])


_RUN = """
from flowguard.rounds.rolling import roll
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

settings = load_settings()
roll(settings, open_warehouse(settings), run_id="killed", on_commit=lambda _: None, each_minute=lambda *_: None)
"""


def _ranges(warehouse: Warehouse) -> int:
    return int(warehouse.query("SELECT COUNT(DISTINCT committed_at) FROM ops.ingest_ranges").item())
