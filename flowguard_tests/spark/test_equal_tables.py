"""Spark makes of a home's Bronze what DuckDB makes of it: every table, row for row, with all columns."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from flowguard.local.java import java
from flowguard.models.registry import MODELS
from flowguard.models.scope import Scope, days
from flowguard.rounds import gold
from flowguard.rounds.commit import commit
from flowguard.settings import Settings, load_settings
from flowguard.spark.plan import Plan
from flowguard.warehouse import open_warehouse
from flowguard_tests.require import require
from flowguard_tests.rounds.histories import Feeder
from flowguard_tests.spark import nasty
from flowguard_tests.spark.lake import Tables, computed_by_duckdb, plan, written_by_spark

ALL = [days(date(2026, 10, 1), date(2026, 11, 30))]
SOME = [days(date(2026, 10, 24), date(2026, 10, 26)), days(date(2026, 11, 1), date(2026, 11, 1))]
EVENTS, ROUNDS = 3000, 4
SPOILED = (
    f"UPDATE bronze.orders_raw SET price = {nasty.HIGHEST} WHERE order_id = '{nasty.DEAREST}'",
    "UPDATE bronze.clicks_raw SET page = '', session_id = '' WHERE _offset % 7 = 0",
    "DELETE FROM bronze.clicks_raw WHERE _offset % 31 = 0",
    f"DELETE FROM bronze.orders_raw WHERE _offset % 31 = 0 AND order_id <> '{nasty.DEAREST}'",
)
"""What no event has: a price that fills its column, empty texts; and gaps in the files, so that positions matter."""
_SMALL = "--conf spark.ui.enabled=false --conf spark.ui.showConsoleProgress=false --conf spark.sql.shuffle.partitions=4"
_LISTED = "--conf spark.sql.sources.parallelPartitionDiscovery.threshold=10000"
"""For little data in many files: jobs that list files, and tasks that have nothing to do, take most of the time."""

Run = Callable[[Plan], list[dict[str, Any]]]
"""Does a plan, and gives what was told of its steps."""


@pytest.fixture(scope="module")
def spark() -> Iterator[Run]:
    """One Spark for all tests, as it takes long to start."""
    require("spark")
    from flowguard.spark.job import run, session

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        environment.setenv("JAVA_HOME", str(java("Spark", "spark").parent.parent))
        environment.setenv("PYSPARK_SUBMIT_ARGS", f"--master local[2] {_SMALL} {_LISTED} pyspark-shell")
        with session() as started:

            def do(plan: Plan) -> list[dict[str, Any]]:
                told: list[dict[str, Any]] = []
                run(started, json.loads(json.dumps(asdict(plan))), told.append)
                return told

            yield do


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
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


def test_every_table_is_equal(home: Settings, spark: Run, tmp_path: Path) -> None:
    told, tables = both(home, ALL, spark, tmp_path)
    assert [(step["table"], step["rows"]) for step in told] == [(name, rows.height) for name, rows in tables.items()]
    assert all(rows.height for rows in tables.values()), "a table without rows shows nothing"
    assert str(tables["gold.daily_order_metrics"]["avg_order_value"].max()) == nasty.HIGHEST


def test_some_days_are_equal_with_other_settings(home: Settings, spark: Run, tmp_path: Path) -> None:
    """The days around stay as they are, and revisions rise where less is attributed."""
    settings = home.model_copy(
        update={"attribution_window": timedelta(minutes=7), "attribution_models": ("last_click",)}
    )
    _, tables = both(settings, SOME, spark, tmp_path)
    attributed = tables["silver.attributed_orders"]
    assert set(attributed["model"]) == {"last_click"}
    assert attributed["revision"].max() > 1  # type: ignore[operator]


def both(settings: Settings, scopes: Sequence[Scope], spark: Run, folder: Path) -> tuple[list[dict[str, Any]], Tables]:
    """The tables by DuckDB, from the snapshot from which Spark made the same."""
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        told = spark(plan(session, settings, scopes, folder))
        expected = computed_by_duckdb(session, scopes)
    found = written_by_spark(folder)
    for model in MODELS:
        name = model.full_name
        assert_frame_equal(found[name].sort(*model.keys), expected[name].sort(*model.keys)), name
    return told, expected
