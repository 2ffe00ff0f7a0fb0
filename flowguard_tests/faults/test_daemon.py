"""Dagster's daemon is killed between launching a run and recording that it did."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from flowguard.kafka.broker import Broker
from flowguard.local.demo.catch_up import catch_up
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.rounds.verification import verify
from flowguard.settings import as_environment, load_settings
from flowguard.warehouse import open_warehouse
from flowguard_tests.conftest import producing
from flowguard_tests.require import require
from flowguard_tests.rounds.flow import order

_DIES = """
import os, pydoc, runpy, signal, sys

owner, step = pydoc.locate({owner!r}), {step!r}
real = getattr(owner, step)

def die_after(self, *arguments, **named):
    real(self, *arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, step, die_after)
sys.argv = ["dagster-daemon", "run", "-w", {workspace!r}, "--log-level", "warning"]
runpy.run_module("dagster._daemon", run_name="__main__")
"""


@pytest.mark.faults
@pytest.mark.parametrize(
    ("owner", "step"),
    [
        ("dagster.DagsterInstance", "submit_run"),  # queued, and the sensor's tick is not recorded
        ("dagster._core.launcher.default_run_launcher.DefaultRunLauncher", "launch_run"),  # its process runs
    ],
)
def test_a_run_that_the_daemon_forgot_is_neither_lost_nor_made_twice(tmp_path: Path, owner: str, step: str) -> None:
    require("apache-kafka")
    settings = on_free_ports(load_settings(tmp_path / "home"))
    with Platform(settings, broker="kafka") as platform, closing(open_warehouse(settings)) as warehouse:
        platform.start()
        os.kill(platform.pids()["daemon"], signal.SIGKILL)
        workspace = str(settings.dagster_home / "workspace.yaml")
        doomed = subprocess.Popen(
            [sys.executable, "-c", _DIES.format(owner=owner, step=step, workspace=workspace)],
            env=as_environment(settings),
            start_new_session=True,
        )
        try:
            producing(settings.kafka_bootstrap_servers)(settings.orders_topic, map(order, range(300)))
            assert doomed.wait(timeout=120) == -signal.SIGKILL
        finally:
            doomed.kill()
            doomed.wait()
        platform.revive("daemon")
        for _ in catch_up(settings, warehouse, lambda: None):
            pass
        with closing(Broker(settings)) as broker:
            assert verify(warehouse, broker).good
        assert warehouse.query("SELECT COUNT(*), COUNT(DISTINCT order_id) FROM silver.orders_cleaned").row(0) == (
            300,
            300,
        )
