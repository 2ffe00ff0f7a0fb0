"""The resolved graph is what people know: a change of it is a change of this file."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from flowguard.checks.registry import CHECKS
from flowguard.defs.everything import everything
from flowguard.defs.freshness import TABLES as FRESH_TABLES
from flowguard.defs.partitions import exists
from flowguard.models.registry import TABLES
from flowguard.models.table import Model
from flowguard.settings import Settings, load_settings

READ_BESIDE_GOLD = ["silver/clicks_cleaned", "silver/orders_cleaned"]
GRAPH = {
    "kafka/orders.v1": ("0_kafka", []),
    "kafka/clicks.v1": ("0_kafka", []),
    "kafka/rejected.events.v1": ("0_kafka", []),
    "bronze/orders_raw": ("1_bronze", ["kafka/orders.v1"]),
    "bronze/clicks_raw": ("1_bronze", ["kafka/clicks.v1"]),
    "ops/quarantine": ("ops", ["kafka/clicks.v1", "kafka/orders.v1", "kafka/rejected.events.v1"]),
    "ops/ingest_ranges": ("ops", ["kafka/clicks.v1", "kafka/orders.v1", "kafka/rejected.events.v1"]),
    "silver/order_duplicates": ("2_silver", ["bronze/orders_raw"]),
    "silver/order_refunds": ("2_silver", ["bronze/orders_raw", "silver/order_duplicates"]),
    "silver/orders_cleaned": (
        "2_silver",
        ["bronze/orders_raw", "silver/order_duplicates", "silver/order_refunds"],
    ),
    "silver/click_duplicates": ("2_silver", ["bronze/clicks_raw"]),
    "silver/clicks_cleaned": ("2_silver", ["bronze/clicks_raw", "silver/click_duplicates"]),
    "silver/attributed_orders": ("2_silver", ["silver/clicks_cleaned", "silver/orders_cleaned"]),
    "ops/outbox": ("ops", ["silver/attributed_orders"]),
    "kafka/attributed.events.v1": ("2_silver", ["ops/outbox"]),
    "gold/daily_order_metrics": ("3_gold", ["silver/orders_cleaned"]),
    "gold/hourly_order_metrics": ("3_gold", ["silver/orders_cleaned"]),
    "gold/food_performance": ("3_gold", ["silver/orders_cleaned"]),
    "gold/funnel_metrics": ("3_gold", ["silver/attributed_orders", "silver/clicks_cleaned"]),
    "gold/category_conversion": ("3_gold", ["silver/attributed_orders", "silver/clicks_cleaned"]),
    "gold/click_heatmap": ("3_gold", ["silver/clicks_cleaned"]),
    "gold/user_sessions": ("3_gold", ["silver/clicks_cleaned", "silver/orders_cleaned"]),
    "gold/user_engagement": ("3_gold", ["gold/user_sessions"]),
    "gold/user_cohorts": ("3_gold", ["gold/user_sessions"]),
    "gold/flow_ledger": (
        "3_gold",
        ["bronze/clicks_raw", "bronze/orders_raw", "ops/ingest_ranges", "ops/quarantine"],
    ),
}
REPORT = "gold/daily_report"
UNSEEN = {"dirty_days", "generations", "publisher", "check_failures", "alerts", "alert_deliveries"}
"""Tables that are no assets."""
GRAPH[REPORT] = (
    "3_gold",
    sorted([*(name for name in GRAPH if name.startswith("gold/")), "ops/quarantine", *READ_BESIDE_GOLD]),
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(home=tmp_path_factory.mktemp("home"), start_date=date(2026, 11, 1))


@pytest.fixture(scope="module")
def definitions(own: Settings) -> dg.Definitions:
    return everything(own)


def names(keys: object) -> list[str]:
    return sorted(key.to_user_string() for key in keys)  # type: ignore[attr-defined]


def test_assets_their_groups_and_lineage(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert {
        key.to_user_string(): (graph.get(key).group_name, names(graph.get(key).parent_keys))
        for key in graph.get_all_asset_keys()
    } == GRAPH


def test_tables_are_described(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for table in (table for table in TABLES if table.name not in UNSEEN):
        node = graph.get(dg.AssetKey([table.schema, table.name]))
        described = [(c.name, c.type, c.description) for c in node.metadata["dagster/column_schema"].columns]
        assert described == [(c.name, c.type, c.description) for c in table.columns]
        assert node.description == table.description
        assert node.owners == ["team:data-platform"]
        assert {"ducklake"} < node.kinds
        assert ("sql" in node.metadata) == isinstance(table, Model)


def test_partitions_end_today(definitions: dg.Definitions, own: Settings) -> None:
    today = datetime.now(UTC).date()
    graph = definitions.resolve_asset_graph()
    without = dg.AssetKey(["gold", "user_cohorts"])
    assert graph.get(without).partitions_def is None
    for key in graph.executable_asset_keys - {without}:
        days = graph.get(key).partitions_def
        assert days is not None
        assert (days.get_first_partition_key(), days.get_last_partition_key()) == ("2026-11-01", today.isoformat())
    assert exists(date(2026, 11, 1), own)
    assert not exists(date(2026, 10, 31), own)
    assert exists(today, own)
    assert not exists(date.max, own)


def test_every_check_is_in_the_graph(definitions: dg.Definitions) -> None:
    found = {(".".join(k.asset_key.path), k.name) for k in definitions.resolve_asset_graph().asset_check_keys}
    assert found == {(c.table, c.name) for c in CHECKS} | {(table, "freshness") for table in FRESH_TABLES} | {
        ("ops.ingest_ranges", "kafka_intact")
    }


def test_jobs_sensors_and_schedules(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {
        sensor.name: (sensor.default_status.value, sensor.has_jobs and sensor.job.name)
        for sensor in repository.sensor_defs
    } == {
        "ingestion_sensor": ("RUNNING", "ingestion"),
        "gold_sensor": ("RUNNING", "gold"),
        "publishing_sensor": ("RUNNING", False),
        "freshness_sensor": ("RUNNING", False),
        "guard_sensor": ("RUNNING", False),
        "alerts_sensor": ("RUNNING", False),
    }
    assert {
        (schedule.name, schedule.job.name, schedule.cron_schedule, schedule.execution_timezone)
        for schedule in repository.schedule_defs
    } == {
        ("midnight_schedule", "gold", "0 0 * * *", "UTC"),
        ("report_schedule", "report", "0 6 * * *", "UTC"),
    }
    assert {schedule.default_status.value for schedule in repository.schedule_defs} == {"RUNNING"}
    ingestion, gold = (definitions.resolve_job_def(name) for name in ("ingestion", "gold"))
    assert int(ingestion.tags["dagster/priority"]) > int(gold.tags["dagster/priority"])
    assert names(gold.asset_layer.executable_asset_keys) == [
        name for name in sorted(GRAPH) if name.startswith("gold/") and name != REPORT
    ]
    assert "freshness" not in {node.name for node in ingestion.nodes}


def test_the_module_that_dagster_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWGUARD_HOME", str(tmp_path))
    from flowguard.definitions import defs

    dg.Definitions.validate_loadable(defs())
