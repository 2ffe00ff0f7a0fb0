"""A backfill whose days Spark computes, as Dagster runs it."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.local.backfill import ENGINE_TAG
from flowguard.settings import Settings
from flowguard_tests.defs.conftest import Send
from flowguard_tests.require import require

TODAY = datetime.now(UTC).date()
FIRST = str(TODAY - timedelta(days=4))
TABLES = ("silver.orders_cleaned", "gold.daily_order_metrics")


@pytest.fixture
def quick(quick: Settings) -> Settings:
    given = {"spark_master": "local[2]", "spark_conf": ("spark.ui.enabled=false", "spark.sql.shuffle.partitions=2")}
    return quick.model_copy(update=given)


def backfill(definitions: dg.Definitions, instance: dg.DagsterInstance, engine: str) -> dg.ExecuteInProcessResult:
    days = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": str(TODAY)}
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[key_of(table) for table in TABLES],
        tags={**days, ENGINE_TAG: engine},
        raise_on_error=False,
    )


@pytest.mark.faults  # for its length
def test_the_tag_chooses_spark_which_tells_of_each_table(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    require("spark")
    send(2)
    send(2, days_ago=3)
    definitions.resolve_job_def("ingestion").execute_in_process(instance=instance)
    with home.warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM silver.orders_cleaned")
    result = backfill(definitions, instance, "spark")
    assert result.success
    assert home.warehouse.query("SELECT COUNT(*) FROM silver.orders_cleaned").item() == 4
    assert home.warehouse.query("SELECT SUM(total_orders) FROM gold.daily_order_metrics").item() == 4
    for table in TABLES:
        assert {FIRST, str(TODAY)} <= instance.get_materialized_partitions(key_of(table))
    [told] = instance.fetch_observations(key_of("silver.orders_cleaned"), limit=5).records
    assert told.asset_observation is not None
    assert told.asset_observation.metadata["rows_computed"].value == 4
    run = instance.get_run_by_id(result.run_id)
    assert run is not None and run.tags[ENGINE_TAG] == "spark"


def test_an_engine_that_there_is_not_is_refused(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home
) -> None:
    result = backfill(definitions, instance, "flink")
    [failed] = [event for event in result.all_events if event.is_step_failure]
    data = failed.step_failure_data.user_failure_data
    assert data is not None and "there is no engine 'flink', only warehouse and spark" in str(data.description)
