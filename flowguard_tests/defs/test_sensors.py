"""Sensors: one run at a time, a failed one tried again, at once the first time and ever later after."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import dagster as dg
import polars as pl
import pytest
from dagster._core.loader import LoadingContextForTest

from flowguard.defs import freshness, runs, sensors
from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.defs.runs import ROLLING_TAG, TERMINAL_TAG, past
from flowguard.errors import BrokerUnavailable, OffsetGap
from flowguard.models.ops import DIRTY_DAYS, INGEST_RANGES
from flowguard.rounds import gold
from flowguard.rounds.lease import rolling_lease
from flowguard.settings import Settings
from flowguard_tests.defs.conftest import Send
from flowguard_tests.rounds.flow import rolled
from flowguard_tests.rounds.published import published

Tick = Callable[..., Any]
LaunchedRun = Callable[..., dg.DagsterRun]


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "TICK_SECONDS", 0.3)


@pytest.fixture
def tick(definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home) -> Tick:
    return ticking(definitions, instance, home)


def ticking(definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home) -> Tick:
    """``tick(name, cursor=None)``: what a sensor does next."""
    repository = definitions.get_repository_def()

    def tick(name: str, cursor: str | None = None) -> Any:
        context = dg.build_sensor_context(
            instance=instance, repository_def=repository, resources={"home": home}, cursor=cursor
        )
        return repository.get_sensor_def(name).evaluate_tick(context)

    return tick


@pytest.fixture
def launched(definitions: dg.Definitions, instance: dg.DagsterInstance) -> LaunchedRun:
    """A run of a job as its sensor launches it."""

    def launched(job: str, **tags: str) -> dg.DagsterRun:
        return instance.create_run_for_job(
            definitions.resolve_job_def(job), tags={ROLLING_TAG: job, **tags}, status=dg.DagsterRunStatus.STARTED
        )

    return launched


def position(home: Home, settings: Settings, end: int) -> None:
    """Pretend that offsets up to ``end`` of the first partition of the orders were ingested."""
    row = {
        "topic": settings.orders_topic,
        "generation": 1,
        "partition": 0,
        "start_offset": 0,
        "end_offset": end,
        "kind": "records",
        "arrival_date": datetime.now(UTC).date(),
        "bronze_rows": end,
        "quarantined": 0,
        "skipped": 0,
        "run_id": "earlier",
        "committed_at": datetime.now(UTC).replace(tzinfo=None),
    }
    with home.warehouse.session() as session, session.transaction():
        session.insert(INGEST_RANGES, pl.DataFrame([row]))


def test_nothing_new_launches_nothing(tick: Tick) -> None:
    assert tick("ingestion_sensor").skip_message == "nothing new in Kafka"
    assert tick("gold_sensor").skip_message == "GOLD is up to date"


def test_records_launch_one_run_with_their_plan(tick: Tick, send: Send, launched: LaunchedRun) -> None:
    send(3)
    [request] = tick("ingestion_sensor").run_requests
    config = request.run_config["ops"]["flow"]["config"]
    assert config["attempt"] == 1
    assert sum(int(line.split("..")[1].split()[0]) for line in config["plan"]) == 6
    assert request.tags[ROLLING_TAG] == "ingestion"
    run = launched("ingestion")
    assert run.run_id in tick("ingestion_sensor").skip_message


def test_a_failed_run_is_tried_again_at_once_and_then_later(
    tick: Tick, send: Send, launched: LaunchedRun, instance: dg.DagsterInstance
) -> None:
    send(1)
    [first] = tick("ingestion_sensor").run_requests
    instance.report_run_failed(launched("ingestion"))
    [second] = tick("ingestion_sensor").run_requests
    assert second.run_key != first.run_key
    assert second.run_config["ops"]["flow"]["config"]["attempt"] == 2
    instance.report_run_failed(launched("ingestion"))
    assert tick("ingestion_sensor").skip_message.startswith("2 runs failed: next attempt in")


def test_a_canceled_run_is_followed_by_another(
    tick: Tick, send: Send, launched: LaunchedRun, instance: dg.DagsterInstance
) -> None:
    send(1)
    [first] = tick("ingestion_sensor").run_requests
    instance.report_run_canceled(launched("ingestion"))
    [second] = tick("ingestion_sensor").run_requests
    assert second.run_key != first.run_key


def test_a_run_that_outlived_its_code_server_counts_only_while_it_works(
    tick: Tick, send: Send, launched: LaunchedRun, quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(1)
    run = launched("ingestion")
    monkeypatch.setattr(runs, "_STARTING_SECONDS", 0.0)
    assert run.run_id in tick("ingestion_sensor").skip_message
    monkeypatch.setattr(runs, "LOADED_AT", time.time())
    with rolling_lease(quick):
        assert run.run_id in tick("ingestion_sensor").skip_message
    assert len(tick("ingestion_sensor").run_requests) == 1


def test_progress_forgives_earlier_failures(launched: LaunchedRun, instance: dg.DagsterInstance) -> None:
    for _ in range(3):
        instance.report_run_failed(launched("ingestion"))
    assert past(instance, "ingestion", None).failures == 3
    now = datetime.now(UTC).replace(tzinfo=None)
    assert past(instance, "ingestion", now + timedelta(seconds=1)).seconds_to_wait == 0


def test_what_a_person_has_to_mend_is_seldom_tried(launched: LaunchedRun, instance: dg.DagsterInstance) -> None:
    instance.report_run_failed(launched("ingestion", **{TERMINAL_TAG: "OffsetGap"}))
    assert past(instance, "ingestion", None).seconds_to_wait == pytest.approx(runs.LONGEST_WAIT_SECONDS, abs=30)


def test_waits_grow_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.time, "time", lambda: 0.0)
    waits = [runs.Past("", failures, 0.0, None).seconds_to_wait for failures in range(12)]
    assert waits[:4] == [0, 0, 10, 20]
    assert waits == sorted(waits)
    assert waits[-1] == runs.LONGEST_PAUSE_SECONDS


def test_a_gap_fails_the_tick_and_launches_nothing(tick: Tick, send: Send, home: Home, quick: Settings) -> None:
    send(1)
    position(home, quick, end=1_000_000)
    with pytest.raises(OffsetGap, match=f"topic {quick.orders_topic}, partition 0"):
        try:
            tick("ingestion_sensor")
        except Exception as error:
            raise (error.__cause__ or error) from None


def test_a_gap_in_a_run_is_told_by_its_message(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, quick: Settings, send: Send
) -> None:
    send(1)
    position(home, quick, end=1_000_000)
    result = definitions.resolve_job_def("ingestion").execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    [failure] = result.filter_events(lambda event: event.is_step_failure)
    assert "OffsetsWentBackwards: topic" in failure.step_failure_data.user_failure_data.description
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags[TERMINAL_TAG] == "OffsetsWentBackwards"


def test_dirty_days_launch_one_refresh(
    tick: Tick, home: Home, launched: LaunchedRun, instance: dg.DagsterInstance
) -> None:
    with home.warehouse.session() as session, session.transaction():
        dirty = {"table_name": "silver.orders_cleaned", "day": datetime.now(UTC).date(), "version": 1}
        session.insert(DIRTY_DAYS, pl.DataFrame([dirty]))
    [first] = tick("gold_sensor").run_requests
    run = launched("gold")
    assert run.run_id in tick("gold_sensor").skip_message
    instance.report_run_failed(run)
    [second] = tick("gold_sensor").run_requests
    assert second.run_key != first.run_key


def states(result: Any) -> dict[str, tuple[bool, str]]:
    """By table, whether it passed, and its state."""
    return {event.asset_key.path[1]: (event.passed, event.metadata["state"].value) for event in result.asset_events}


def test_freshness_is_told_on_change_only(
    tick: Tick, send: Send, home: Home, quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tick("freshness_sensor")
    assert states(first) == {
        "orders_raw": (True, "no traffic"),
        "clicks_raw": (True, "no traffic"),
        "quarantine": (True, "no traffic"),
        "flow_ledger": (True, "fresh"),
    }
    second = tick("freshness_sensor", first.cursor)
    assert second.asset_events == []
    send(2)
    late = quick.model_copy(update={"freshness_limit": timedelta(0), "expected_traffic": timedelta(days=1)})
    monkeypatch.setattr(home, "settings", late)
    third = tick("freshness_sensor", second.cursor)
    assert states(third) == {
        "orders_raw": (False, "pipeline stopped"),
        "clicks_raw": (False, "pipeline stopped"),
        "quarantine": (True, "no traffic"),
        "flow_ledger": (True, "fresh"),
    }
    [orders] = [event for event in third.asset_events if event.asset_key.path[1] == "orders_raw"]
    assert orders.metadata["lag_records"].value == 2
    assert orders.metadata["lag_seconds"].value > 0
    assert json.loads(third.cursor)["states"]["bronze.orders_raw"] == "ERROR pipeline stopped"


def test_a_backfill_makes_a_stopped_pipeline_no_fresher(
    on_each_storage: dg.DagsterInstance,
    send: Send,
    home: Home,
    quick: Settings,
    definitions: dg.Definitions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither what the check says, nor what Dagster's pages show after a newer materialization."""
    instance, tick = on_each_storage, ticking(definitions, on_each_storage, home)
    send(1, days_ago=8)
    rolled(quick, home.warehouse)
    gold.refresh(home.warehouse, quick)  # so that nothing but what is asked for changes the sensor's mind
    send(1)
    monkeypatch.setattr(home, "settings", quick.model_copy(update={"freshness_limit": timedelta(0)}))
    key = dg.AssetCheckKey(key_of("bronze.orders_raw"), "freshness")

    def told(cursor: str | None) -> str:
        result = tick("freshness_sensor", cursor)
        for event in result.asset_events:
            instance.report_runless_asset_event(event)
        return str(result.cursor)

    def shown() -> tuple[str, bool]:
        """The status of the newest evaluation, and whether Dagster takes it for one of the newest materialization."""
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        context = LoadingContextForTest(instance)
        return record.status.value, asyncio.run(record.targets_latest_materialization(context))

    cursor = told(None)
    assert shown() == ("FAILED", True)
    day = (datetime.now(UTC)).date().isoformat()
    assert (
        definitions.resolve_implicit_global_asset_job_def()
        .execute_in_process(
            instance=instance,
            asset_selection=[key_of("bronze.orders_raw")],
            tags={"dagster/asset_partition_range_start": day, "dagster/asset_partition_range_end": day},
        )
        .success
    )
    assert shown() != ("FAILED", True)
    cursor = told(cursor)
    assert shown() == ("FAILED", True)
    assert tick("freshness_sensor", cursor).asset_events == []

    @dg.asset(key=key.asset_key)
    def without_its_checks() -> None: ...

    assert dg.materialize([without_its_checks], instance=instance).success
    assert shown() == ("FAILED", False)
    cursor = told(cursor)
    assert shown() == ("FAILED", True)


def test_a_broker_that_does_not_answer_is_told_after_the_limit(
    tick: Tick, home: Home, quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tick("freshness_sensor")
    monkeypatch.setattr(freshness, "look", mock.Mock(side_effect=BrokerUnavailable("nobody answers")))
    second = tick("freshness_sensor", first.cursor)
    assert second.asset_events == []
    monkeypatch.setattr(home, "settings", quick.model_copy(update={"freshness_limit": timedelta(0)}))
    third = states(tick("freshness_sensor", second.cursor))
    assert third["orders_raw"] == (False, "unreachable")
    assert third["flow_ledger"] == (True, "fresh")


def test_freshness_is_told_again_after_a_while(tick: Tick, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tick("freshness_sensor")
    monkeypatch.setattr(freshness, "REPEAT_SECONDS", 0.0)
    assert len(tick("freshness_sensor", first.cursor).asset_events) == len(freshness.TABLES)


def test_what_no_rolling_run_published_is_published_without_one(
    tick: Tick, home: Home, quick: Settings, send: Send
) -> None:
    send(3)
    with mock.patch("flowguard.rounds.rolling.Publishing"):
        rolled(quick, home.warehouse)
    with rolling_lease(quick):
        assert tick("publishing_sensor").skip_message == "the rolling run publishes"
    assert published(quick) == []
    assert tick("publishing_sensor").skip_message == "3 changes published"
    assert tick("publishing_sensor").skip_message == "nothing to publish"
    assert {row["order_id"] for row in published(quick)} == {"0-0", "0-1", "0-2"}
