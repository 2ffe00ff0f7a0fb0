"""The whole platform, started as a person starts it."""

import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.cli.up import print_addresses
from flowguard.local import webserver
from flowguard.local.home import running
from flowguard.local.ports import on_free_ports
from flowguard.local.ready import dashboard_address, gateway_address, webserver_address
from flowguard.settings import PREFIX, Settings, as_environment, load_settings
from flowguard_tests.local.processes import members
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

STARTED = "Ctrl-C stops everything."
PARTS = ["broker", "gateway", "code-server", "webserver", "dashboard", "daemon", "shoppers"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return on_free_ports(load_settings(tmp_path / "home", history_days=1))


@contextmanager
def up(settings: Settings, broker: str) -> Iterator[subprocess.Popen[bytes]]:
    """``flowguard up`` as it is started by ``&`` in a script, where SIGINT is ignored; left when it has started."""
    output = settings.home.with_name("output.txt")
    with output.open("wb") as file:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            command = [sys.executable, "-m", "flowguard", "up", "--broker", broker]
            process = subprocess.Popen(command, stdout=file, stderr=file, env=as_environment(settings))
        finally:
            signal.signal(signal.SIGINT, before)
    try:
        wait_until(lambda: process.poll() is not None or STARTED in output.read_text(), patience=180)
        assert process.poll() is None, output.read_text()
        yield process
    finally:
        process.kill()  # if it has not ended as it should; the guard then stops its parts
        process.wait()


@pytest.mark.parametrize(
    ("broker", "component"),
    [("embedded", "embedded-broker"), pytest.param("kafka", "apache-kafka", marks=pytest.mark.faults)],
)
def test_everything_starts_answers_and_is_gone_after_ctrl_c(own: Settings, broker: str, component: str) -> None:
    require(component)
    with up(own, broker) as process:
        told = running(own.home)
        assert told and list(told.parts) == PARTS
        groups = [part["pid"] for part in told.parts.values()]
        assert all(members(group) for group in groups)
        for address in (gateway_address(own), webserver_address(own), dashboard_address(own)):
            with urllib.request.urlopen(address) as page:
                assert page.status == 200
        assert_a_second_one_is_refused(own)
        assert_status_shows_the_parts(own)
        assert_it_begins_with_history_and_reports(own)
        wait_until(lambda: webserver.runs_in_flight(own), patience=120)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not any(members(group) for group in groups)
        assert running(own.home) is None
        assert (own.home / "kafka" / "data").exists() == (broker == "kafka")
    assert {"STARTED", "STARTING", "FAILURE"}.isdisjoint(run_statuses(own))


def assert_it_begins_with_history_and_reports(own: Settings) -> None:
    """One day of it, as the settings ask; then Dagster is asked for the reports of a week."""
    said = own.home.with_name("output.txt").read_text
    assert "This home is new: it gets simulated shoppers of the last day too" in said()
    wait_until(lambda: "asking for the reports" in said(), patience=120)
    assert "sending 2,000 events of days gone by" in said() and "bringing them into the tables" in said()
    wait_until(lambda: len(list(own.home.glob("reports/*.md"))) == 7, patience=120)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert "gross" in (own.home / "reports" / f"{yesterday}.md").read_text()


def run_statuses(own: Settings) -> set[str]:
    """Of all the runs that there were, read where Dagster keeps them."""
    with closing(sqlite3.connect(own.dagster_home / "history" / "runs.db")) as runs:
        return {status for (status,) in runs.execute("SELECT status FROM runs")}


def assert_a_second_one_is_refused(own: Settings) -> None:
    for command, why in (("up", "already runs in"), ("reset", "something is at work")):
        result = CliRunner().invoke(app, [command, "--home", str(own.home)])
        assert result.exit_code == 1 and why in result.stderr


def assert_status_shows_the_parts(own: Settings) -> None:
    result = CliRunner().invoke(app, ["status", "--home", str(own.home)])
    assert result.exit_code == 0, result.output
    assert all(f"\n{part} " in result.stdout for part in PARTS)
    assert "gone" not in result.stdout


def test_a_broker_of_ones_own_has_to_be_named(own: Settings) -> None:
    result = CliRunner().invoke(app, ["up", "--broker", "external", "--home", str(own.home)])
    assert result.exit_code == 1 and "FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS=host:port" in result.stderr
    assert not own.home.exists()


def test_it_is_said_where_the_tables_are(own: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    print_addresses(own)
    assert f"Tables      {own.home / 'warehouse'}  ask them" in capsys.readouterr().out
    print_addresses(own.model_copy(update={"warehouse": "snowflake", "snowflake_account": "myorg-account1"}))
    assert "Tables      database FLOWGUARD of Snowflake's account myorg-account1  ask" in capsys.readouterr().out
