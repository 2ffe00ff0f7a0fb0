"""The whole platform, all of it real processes: shoppers, gateway, broker, daemon, sensors, runs; one run is killed."""

import os
import signal
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.local.demo.catch_up import catch_up
from flowguard.local.demo.compare import compare
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.local.shoppers import Account, Plan, history
from flowguard.local.shoppers.sending import deliver
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.local.locks import holder_of
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

SEED = 20261123


def rounds(warehouse: Warehouse) -> int:
    return int(warehouse.query("SELECT COUNT(DISTINCT committed_at) FROM ops.ingest_ranges").item())


@pytest.mark.faults
def test_gold_equals_what_was_sent_although_a_run_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("embedded-broker")
    settings = on_free_ports(load_settings(tmp_path / "home", chunk_records=150))
    plan = Plan(SEED, 3_000, 5, datetime.now(UTC).replace(microsecond=0), settings.currency)
    with Platform(settings) as platform, closing(open_warehouse(settings)) as warehouse:
        platform.start()
        account = Account()
        sent = deliver(account.watch(history(plan)), settings, lambda _: None)
        assert not sent.surprises
        wait_until(lambda: rounds(warehouse) >= 3, 120)
        process = holder_of(settings.home / "warehouse" / "rolling.lock")
        assert process is not None, "the run was done before it could be killed"
        os.kill(process, signal.SIGKILL)
        for _ in catch_up(settings, warehouse, platform.check):
            pass
        runs = warehouse.query("SELECT DISTINCT run_id FROM ops.ingest_ranges")
        assert runs.height >= 2
        compared = compare(account, warehouse, settings, sent.perhaps_twice)
        assert not [comparison for comparison in compared if not comparison.equal]
        assert_a_backfill_is_a_run_of_dagster(settings, warehouse)
        assert warehouse.query("SELECT DISTINCT balanced FROM gold.flow_ledger").to_series().to_list() == [True]


def assert_a_backfill_is_a_run_of_dagster(settings: Settings, warehouse: Warehouse) -> None:
    """``flowguard backfill`` finds the webserver, launches one run there, and follows it to its end."""
    before = warehouse.query("SELECT * FROM gold.daily_order_metrics ORDER BY date")
    with warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM gold.daily_order_metrics")
    first, last = (f"{before['date'][place]}" for place in (0, -1))
    words = ["backfill", "--from", first, "--to", last, "--tables", "gold", "--home", str(settings.home)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert f":{settings.webserver_port}/runs/" in done.stderr
    assert f"step 1 of 1: {first} to {last} of gold.daily_order_metrics" in done.stderr
    assert_frame_equal(warehouse.query("SELECT * FROM gold.daily_order_metrics ORDER BY date"), before)
