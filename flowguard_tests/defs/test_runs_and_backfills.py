"""Runs on a real instance, broker and warehouse: what they do, and what people see of it."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowguard.defs.flow import LIVE
from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.models.ops import INGEST_RANGES
from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.defs.conftest import Send

TODAY = datetime.now(UTC).date()


def days(*ago: int) -> set[str]:
    return {(TODAY - timedelta(days=number)).isoformat() for number in ago}


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, **given: object
) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False, **given)


def backfill(
    definitions: dg.Definitions, instance: dg.DagsterInstance, tables: list[str], first: str, last: str
) -> dg.ExecuteInProcessResult:
    return definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[key_of(table) for table in tables],
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
        raise_on_error=False,
    )


def why_failed(result: dg.ExecuteInProcessResult) -> str:
    [failed] = [event for event in result.all_events if event.is_step_failure]
    data = failed.step_failure_data
    assert data.user_failure_data is not None
    return str(data.user_failure_data.description)


def check_of(instance: dg.DagsterInstance, table: str, name: str) -> dg.AssetCheckEvaluation | None:
    key = dg.AssetCheckKey(key_of(table), name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    event = record.event.dagster_event if record and record.event else None
    if event is None or event.event_type_value != "ASSET_CHECK_EVALUATION":
        return None
    return event.asset_check_evaluation_data


def partitions(instance: dg.DagsterInstance, table: str) -> set[str]:
    return instance.get_materialized_partitions(key_of(table))


@pytest.mark.usefixtures("all_checks")
def test_from_kafka_to_gold(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send, produce: Produce, quick: Settings
) -> None:
    send(3)
    send(2, days_ago=4)
    produce(quick.orders_topic, [b"{broken"])

    assert run(definitions, instance, "ingestion").success
    assert partitions(instance, "bronze.orders_raw") == days(0)
    assert partitions(instance, "silver.orders_cleaned") == days(0, 4)
    assert partitions(instance, "gold.daily_order_metrics") == set()
    told = instance.fetch_materializations(key_of("bronze.orders_raw"), limit=1).records[0].asset_materialization
    assert told is not None
    assert told.metadata["dagster/partition_row_count"].value == 5
    assert f"| {quick.orders_topic} | " in str(told.metadata["offsets"].value)
    assert "order_placed" in str(told.metadata["preview"].value)

    assert run(definitions, instance, "gold").success
    assert partitions(instance, "gold.daily_order_metrics") == days(0, 4)
    sums = home.warehouse.query("SELECT SUM(total_orders), SUM(total_revenue) FROM gold.daily_order_metrics").row(0)
    assert tuple(map(str, sums)) == ("5", "49.50")

    graph = definitions.resolve_asset_graph()
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(graph.asset_check_keys))
    outcomes = {key.name: record.status.value for key, record in records.items() if key.name != "freshness"}
    assert outcomes.pop("quarantine_share") == "FAILED"  # one of six orders
    assert set(outcomes.values()) == {"SUCCEEDED"}


def test_a_backfill_of_five_days_is_one_run_and_names_every_day(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    send(2)
    send(2, days_ago=3)
    run(definitions, instance, "ingestion")
    run(definitions, instance, "gold")
    with home.warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM silver.orders_cleaned")
        session.execute("DELETE FROM gold.daily_order_metrics")

    tables = ["silver.orders_cleaned", "gold.daily_order_metrics"]
    result = backfill(definitions, instance, tables, min(days(4)), max(days(0)))
    assert result.success
    told = [event for event in result.all_events if event.event_type_value == "ASSET_MATERIALIZATION"]
    assert not [event for event in told if event.asset_key == key_of("bronze.orders_raw")]
    assert home.warehouse.query("SELECT COUNT(*) FROM silver.orders_cleaned").item() == 4
    assert home.warehouse.query("SELECT SUM(total_orders) FROM gold.daily_order_metrics").item() == 4
    assert partitions(instance, "silver.orders_cleaned") >= days(0, 1, 2, 3, 4)
    assert partitions(instance, "gold.daily_order_metrics") >= days(0, 1, 2, 3, 4)


def test_a_table_without_days_is_computed_as_a_whole(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    """By the refresh, by the reconciliation of a day, and when a person materializes it."""
    send(1)
    run(definitions, instance, "ingestion")

    def by_hand() -> dg.ExecuteInProcessResult:
        job = definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=instance, asset_selection=[key_of("gold.user_cohorts")])

    def by_day() -> dg.ExecuteInProcessResult:
        return run(definitions, instance, "gold", partition_key=max(days(0)))

    for work in (lambda: run(definitions, instance, "gold"), by_day, by_hand):
        with home.warehouse.session() as session, session.transaction():
            session.execute("DELETE FROM gold.user_cohorts")
        result = work()
        assert result.success
        assert home.warehouse.query("SELECT COUNT(*) FROM gold.user_cohorts").item() == 1
        told = result.asset_materializations_for_node("flow")
        [whole] = [event for event in told if event.asset_key == key_of("gold.user_cohorts")]
        assert whole.partition is None
        assert whole.metadata["dagster/partition_row_count"].value == 1
        assert check_of(instance, "gold.user_cohorts", "keys_unique") is not None


def test_a_bronze_backfill_reports_the_event_days_that_change_with_it(
    definitions: dg.Definitions, instance: dg.DagsterInstance, send: Send
) -> None:
    send(1, days_ago=5)
    run(definitions, instance, "ingestion")
    result = backfill(definitions, instance, ["bronze.orders_raw"], max(days(0)), max(days(0)))
    told = {
        (event.asset_key.to_user_string(), event.partition)
        for event in result.all_events
        if event.event_type_value == "ASSET_MATERIALIZATION"
    }
    assert {("bronze/orders_raw", max(days(0))), ("silver/orders_cleaned", max(days(5)))} <= told


@pytest.mark.usefixtures("all_checks")
def test_a_check_that_fails_on_a_day_of_a_backfill_is_told_on_that_partition(
    definitions: dg.Definitions, instance: dg.DagsterInstance, produce: Produce, send: Send, quick: Settings
) -> None:
    send(1, days_ago=2)
    then = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    refund = {"event_type": "order_refunded", "order_id": "unknown", "user_id": "u1", "item_id": "i1", "price": "9.90"}
    produce(quick.orders_topic, [json.dumps(refund | {"event_id": "r", "event_timestamp": then}).encode()])
    run(definitions, instance, "ingestion")
    result = backfill(definitions, instance, ["silver.order_refunds"], min(days(5)), max(days(0)))
    assert result.success
    told = [
        (event.asset_check_evaluation_data.partition, event.asset_check_evaluation_data.passed)
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
        and event.asset_check_evaluation_data.check_name == "order_has_arrived"
    ]
    assert told == [(max(days(3)), False), (None, False)]


def test_a_backfill_refuses_a_day_that_it_cannot_rebuild_and_says_why(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    send(2)
    run(definitions, instance, "ingestion")
    with home.warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM bronze.orders_raw WHERE event_id = '0-1'")
    before = home.warehouse.query("SELECT * FROM silver.orders_cleaned ORDER BY ALL")
    for table in ("bronze.orders_raw", "silver.orders_cleaned"):
        result = backfill(definitions, instance, [table], max(days(0)), max(days(0)))
        assert not result.success
        assert f"that arrived on {TODAY}, 1 are kept" in why_failed(result)
    assert_frame_equal(home.warehouse.query("SELECT * FROM silver.orders_cleaned ORDER BY ALL"), before)
    result = backfill(definitions, instance, ["ops.ingest_ranges"], max(days(0)), max(days(0)))
    assert "a record of what happened" in why_failed(result)


def test_midnight_reconciles_yesterday_and_every_day_of_which_something_came_in(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    """Nothing is marked dirty: what GOLD lacks, by whatever accident, is found all the same."""
    send(2)
    send(1, days_ago=6)
    run(definitions, instance, "ingestion")
    run(definitions, instance, "gold")
    tables = ("gold.daily_order_metrics", "gold.funnel_metrics", "gold.flow_ledger")
    before = [home.warehouse.query(f"SELECT * FROM {table} ORDER BY ALL") for table in tables]
    assert all(rows.height for rows in before)
    with home.warehouse.session() as session, session.transaction():
        for table in tables:
            session.execute(f"DELETE FROM {table}")
    assert home.warehouse.query("SELECT COUNT(*) FROM ops.dirty_days").item() == 0

    repository = definitions.get_repository_def()
    midnight = repository.get_schedule_def("midnight_schedule")
    given = {
        "repository_def": repository,
        "scheduled_execution_time": datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(days=1),
    }
    with dg.build_schedule_context(instance=instance, **given) as context:
        [request] = midnight.evaluate_tick(context).run_requests
    assert (request.run_key, request.partition_key) == (f"{TODAY}", f"{TODAY}")
    result = run(
        definitions,
        instance,
        midnight.job_name,
        partition_key=request.partition_key,
        run_config=request.run_config,
        tags=request.tags,
    )
    assert result.success
    for table, rows in zip(tables, before, strict=True):
        assert_frame_equal(home.warehouse.query(f"SELECT * FROM {table} ORDER BY ALL"), rows)
    assert home.warehouse.query("SELECT COUNT(*) FROM ops.dirty_days").item() == 0
    assert partitions(instance, "gold.daily_order_metrics") >= days(0, 6)


@pytest.mark.usefixtures("all_checks")
def test_a_failed_check_shows_its_rows_and_stops_nothing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    gap = {"start_offset": [0, 6], "end_offset": [5, 7], "committed_at": datetime(2026, 11, 1), "partition": 0}
    texts = {"topic": "once", "kind": "records", "run_id": "earlier", "arrival_date": TODAY, "generation": 1}
    counts = {"bronze_rows": [5, 1], "quarantined": 0, "skipped": 0}
    with home.warehouse.session() as session, session.transaction():
        session.insert(INGEST_RANGES, pl.DataFrame(gap | texts | counts))
    send(1)
    assert run(definitions, instance, "ingestion").success
    evaluated = check_of(instance, "ops.ingest_ranges", "exactly_once")
    assert evaluated is not None
    assert not evaluated.passed
    assert evaluated.metadata["failing_rows"].value == 1
    assert "previous_end" in str(evaluated.metadata["examples"].value)
    assert max(days(0)) in str(evaluated.metadata["partitions_looked_at"].value)


@pytest.mark.usefixtures("all_checks")
def test_a_held_day_is_told_and_overridden_by_a_job(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    send(1)
    assert run(definitions, instance, "ingestion").success
    with home.warehouse.session() as session, session.transaction():
        session.execute("UPDATE silver.orders_cleaned SET price = 0")
    checks = dg.define_asset_job("only", dg.AssetSelection.checks_for_assets(key_of("silver.orders_cleaned")))
    only = dg.Definitions.merge(definitions, dg.Definitions(jobs=[checks]))
    assert only.resolve_job_def("only").execute_in_process(instance=instance).success
    assert run(definitions, instance, "gold").success
    assert home.warehouse.query("SELECT COUNT(*) FROM gold.daily_order_metrics").item() == 0

    failing = "SELECT table_name, check_name FROM ops.check_failures WHERE severity = 'ERROR'"
    for table, check in home.warehouse.query(failing).iter_rows():
        if not table.startswith("silver."):
            continue
        place = {"table": table, "check": check, "day": max(days(0)), "reason": "a test"}
        assert run(definitions, instance, "override_check", run_config={"ops": {"override": {"config": place}}}).success
    assert run(definitions, instance, "gold").success
    assert home.warehouse.query("SELECT SUM(total_orders) FROM gold.daily_order_metrics").item() == 1


@pytest.mark.usefixtures("all_checks")
def test_what_a_day_was_compared_with_is_shown_though_it_passes(
    definitions: dg.Definitions, instance: dg.DagsterInstance, send: Send
) -> None:
    send(1)
    assert run(definitions, instance, "ingestion").success
    evaluated = check_of(instance, "silver.orders_cleaned", "without_session_share")
    assert evaluated is not None
    assert evaluated.passed
    assert "| order_date | value | lower | upper | median | history |" in str(evaluated.metadata["expected_band"].value)


@pytest.mark.usefixtures("all_checks")
def test_checks_alone_ingest_nothing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, send: Send
) -> None:
    send(1)
    job = dg.define_asset_job("only", dg.AssetSelection.checks(dg.AssetCheckKey(key_of(LIVE[0]), "keys_unique")))
    only = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    assert only.resolve_job_def("only").execute_in_process(instance=instance).success
    assert check_of(instance, LIVE[0], "keys_unique") is not None
    assert home.warehouse.query("SELECT COUNT(*) FROM ops.ingest_ranges").item() == 0
