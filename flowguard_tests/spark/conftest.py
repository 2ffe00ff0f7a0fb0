"""A home full of what engines may see differently, and Spark in the process of the tests."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest

from flowguard.local.java import java
from flowguard.rounds import gold
from flowguard.rounds.commit import commit
from flowguard.settings import Settings, load_settings
from flowguard.spark.plan import Plan
from flowguard.warehouse import open_warehouse
from flowguard_tests.require import require
from flowguard_tests.rounds.histories import Feeder
from flowguard_tests.spark import nasty
from flowguard_tests.spark.lake import Run
from flowguard_tests.spark.world import FIRST, World, created
from flowguard_tests.warehouse.fakesnow import in_database_of_its_own

EVENTS, ROUNDS = 3000, 4
SPOILED = (
    f"UPDATE bronze.orders_raw SET price = {nasty.HIGHEST} WHERE order_id = '{nasty.DEAREST}'",
    "UPDATE bronze.clicks_raw SET page = '', session_id = '' WHERE _offset % 7 = 0",
    "DELETE FROM bronze.clicks_raw WHERE _offset % 31 = 0",
    f"DELETE FROM bronze.orders_raw WHERE _offset % 31 = 0 AND order_id <> '{nasty.DEAREST}'",
)
"""What no event has: a price that fills its column, empty texts; and gaps in the files, so that positions matter."""
SMALL = (
    *("spark.ui.enabled=false", "spark.ui.showConsoleProgress=false", "spark.sql.shuffle.partitions=4"),
    "spark.sql.sources.parallelPartitionDiscovery.threshold=10000",
    "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1",
)
"""For little data in many files: jobs that list files, tasks that have nothing to do, and compiling what runs once
would take most of the time."""

QUICK = (
    *("spark.ui.enabled=false", "spark.sql.shuffle.partitions=2", "spark.driver.bindAddress=127.0.0.1"),
    *("spark.sql.codegen.wholeStage=false", "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1"),
)
"""For little data: compiling what it is computed by takes longer than computing it."""


@pytest.fixture(scope="module")
def spark() -> Iterator[Run]:
    """One Spark for all tests of a module, as it takes long to start."""
    require("spark")
    from flowguard.spark.job import run, session

    options = " ".join(f"--conf {setting}" for setting in SMALL)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        environment.setenv("JAVA_HOME", str(java("Spark", "spark").parent.parent))
        environment.setenv("PYSPARK_SUBMIT_ARGS", f"--master local[2] {options} pyspark-shell")
        with session() as started:

            def do(plan: Plan) -> list[dict[str, Any]]:
                told: list[dict[str, Any]] = []
                run(started, json.loads(json.dumps(asdict(plan))), told.append)
                return told

            yield do


@pytest.fixture(scope="module")
def nasty_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that was told of nasty traffic in rounds."""
    settings = load_settings(tmp_path_factory.mktemp("home"), start_date=date(2024, 1, 1))
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    events = nasty.traffic(Random(seed), EVENTS)
    size = len(events) // ROUNDS + 1
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        feeder = Feeder(settings, warehouse, since=nasty.FIRST + timedelta(days=nasty.DAYS + 1))
        for begin in range(0, len(events), size):
            assert commit(session, feeder.chunk(events[begin : begin + size]), settings) is not None
        gold.refresh(warehouse, settings)
        with session.transaction():
            for statement in SPOILED:
                session.execute(statement)
    return settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """One that says how Spark computes."""
    require("spark")
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
