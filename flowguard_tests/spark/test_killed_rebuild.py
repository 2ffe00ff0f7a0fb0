"""A rebuild on Spark of which something is killed: the tables are whole, and a retry finishes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowguard.errors import EngineFailed
from flowguard.faults import CRASH_POINTS
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.settings import as_environment
from flowguard.spark.rebuild import rebuild
from flowguard.spark.submit import submit
from flowguard_tests.spark.world import FIRST, LAST, World, assert_same

pytestmark = pytest.mark.faults

_KILLED = """
import sys
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from flowguard.faults import arm
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.settings import load_settings
from flowguard.spark.rebuild import rebuild
from flowguard.spark.submit import submit
from flowguard.warehouse import open_warehouse

arm(sys.argv[1])
settings = load_settings()
with closing(open_warehouse(settings)) as warehouse:
    days = date.fromisoformat(sys.argv[2]), date.fromisoformat(sys.argv[3])
    rebuild(warehouse, settings, BY_DEFAULT, *days, run_id="killed", submit=partial(submit, settings))
"""
POINTS = [name for name in CRASH_POINTS if name.startswith("spark.")] + ["gold.swapped"]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_a_retry_finishes(either_world: World, point: str) -> None:
    world = either_world
    expected = world.tables()
    world.damage()
    damaged = world.tables()
    killed = [sys.executable, "-c", _KILLED, point, str(FIRST), str(LAST)]
    ended = subprocess.run(killed, env=as_environment(world.settings), check=False, timeout=250)
    assert ended.returncode == -signal.SIGKILL
    found = world.tables()
    for name, rows in damaged.items():
        assert any(found[name].equals(whole) for whole in (rows, expected[name])), f"{name} is neither old nor new"
    world.rebuild()
    assert_same(world.tables(), expected)
    assert list((world.settings.home / "spark").iterdir()) == []


def test_a_killed_driver_leaves_the_tables_and_a_retry_finishes(world: World) -> None:
    """The driver's process is killed in the midst of a step."""
    before = world.tables()

    def killing(plan: Path, tell: Callable[[str], None]) -> None:
        def kill(line: str) -> None:
            tell(line)
            if line.startswith("step 3 of"):
                [driver] = [pid for pid in _children(os.getpid()) if "SparkSubmit" in _command(pid)]
                os.kill(driver, signal.SIGKILL)

        submit(world.settings, plan, kill)

    with pytest.raises(EngineFailed, match="was killed by signal 9"):
        rebuild(world.warehouse, world.settings, BY_DEFAULT, FIRST, LAST, run_id="spark", submit=killing)
    assert_same(world.tables(), before)
    world.rebuild()
    assert_same(world.tables(), before)


def _children(pid: int) -> list[int]:
    children = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text()
    return [int(child) for child in children.split()]


def _command(pid: int) -> str:
    return (Path("/proc") / str(pid) / "cmdline").read_text()


def test_a_killed_worker_is_made_up_for_by_the_others(world: World, tmp_path: Path) -> None:
    """With its executors, in the midst of a step, on a cluster of two."""
    from flowguard_tests.spark.cluster import standalone_cluster

    expected = world.tables()
    world.damage()
    with standalone_cluster(tmp_path / "cluster") as cluster:
        settings = world.settings.model_copy(update={"spark_master": cluster.master})
        steps: list[str] = []

        def killing(plan: Path, tell: Callable[[str], None]) -> None:
            def kill(line: str) -> None:
                steps.append(line)
                if len(steps) == 3:
                    os.killpg(cluster.workers[0], signal.SIGKILL)

            submit(settings, plan, kill)

        rebuild(world.warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="spark", submit=killing)
    assert len(steps) > 3
    assert_same(world.tables(), expected)
