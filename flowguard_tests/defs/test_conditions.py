"""What Dagster's storages tell of runs, ticks and backfills, on SQLite and on Postgres."""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.events import StepMaterializationData
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.test_utils import create_run_for_test
from dagster._utils.error import SerializableErrorInfo

from flowguard.alerts.condition import Condition
from flowguard.alerts.links import Links
from flowguard.defs import failed_runs as module
from flowguard.defs.ended_backfills import ended_backfills
from flowguard.defs.failed_runs import failed_runs
from flowguard.defs.keys import key_of
from flowguard.defs.runs import ROLLING_TAG, TERMINAL_TAG
from flowguard.defs.sensors import NOTHING_NEW
from flowguard.defs.ticks import failing_ticks, last_ticks
from flowguard.settings import load_settings

TODAY = datetime.now(UTC).date()
RANGE = {
    "dagster/asset_partition_range_start": str(TODAY - timedelta(days=2)),
    "dagster/asset_partition_range_end": str(TODAY),
}
TABLE = "gold.daily_order_metrics"


@pytest.fixture(autouse=True)
def nothing_is_shown_longer_than_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHOWN_FOR", timedelta(0))


class Past:
    """What happened in an instance, written there as Dagster does."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.links = instance, Links(load_settings())

    def run(self, job: str, tables: Sequence[str] = (), **tags: str) -> dg.DagsterRun:
        return create_run_for_test(
            self.instance,
            job_name=job,
            tags=tags,
            status=dg.DagsterRunStatus.STARTED,
            asset_selection=frozenset(map(key_of, tables)) or None,
        )

    def rolling(self) -> dg.DagsterRun:
        return self.run("ingestion", **{ROLLING_TAG: "ingestion"})

    def failed(self, run: dg.DagsterRun, why: str = "it broke") -> dg.DagsterRun:
        self.instance.report_run_failed(run, why)
        return run

    def materialized(self, run: dg.DagsterRun, table: str, day: date) -> None:
        told = StepMaterializationData(dg.AssetMaterialization(key_of(table), partition=str(day)))
        event = dg.DagsterEvent("ASSET_MATERIALIZATION", run.job_name, event_specific_data=told)
        self.instance.report_dagster_event(event, run.run_id)

    def tick(self, name: str, status: TickStatus, said: str = "", *, sensor: bool = True) -> None:
        kind = InstigatorType.SENSOR if sensor else InstigatorType.SCHEDULE
        origin = RemoteInstigatorOrigin(
            RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("flowguard"), "__repository__"), name
        )
        data = SensorInstigatorData() if sensor else ScheduleInstigatorData("0 6 * * *")
        state = InstigatorState(origin, kind, InstigatorStatus.DECLARED_IN_CODE, data)
        if not self.instance.get_instigator_state(state.instigator_origin_id, state.selector_id):
            self.instance.add_instigator_state(state)
        self.instance.create_tick(
            TickData(
                state.instigator_origin_id,
                name,
                kind,
                status,
                time.time(),
                error=SerializableErrorInfo(said, [], "SomeError") if status == TickStatus.FAILURE else None,
                skip_reason=said if status == TickStatus.SKIPPED else None,
                run_ids=[],
                selector_id=state.selector_id,
            )
        )

    @property
    def ticks(self) -> list[Condition]:
        return list(failing_ticks(last_ticks(self.instance, ["ingestion_sensor", "report_schedule"]), self.links))

    @property
    def runs(self) -> list[Condition]:
        ticks = last_ticks(self.instance, ["ingestion_sensor"])
        return list(failed_runs(self.instance, ticks, self.links))

    @property
    def backfills(self) -> list[Condition]:
        return list(ended_backfills(self.instance, (), self.links))


@pytest.fixture
def past(on_each_storage: dg.DagsterInstance) -> Past:
    return Past(on_each_storage)


def test_a_rolling_run_is_mended_by_one_that_gets_somewhere(past: Past) -> None:
    assert past.runs == []
    past.failed(past.rolling(), "it broke")
    last = past.failed(past.rolling(), "it broke again")
    [condition] = past.runs
    assert (condition.key, condition.severity, condition.times) == ("run ingestion", "error", 2)
    assert condition.text == "it broke again"
    assert [link.url.split("3000")[1] for link in condition.links] == [f"/runs/{last.run_id}"]
    next_one = past.rolling()
    assert len(past.runs) == 1
    past.materialized(next_one, "bronze.orders_raw", TODAY)
    assert past.runs == []
    past.failed(next_one)
    [condition] = past.runs
    assert condition.times == 1


def test_a_rolling_run_is_mended_when_nothing_is_left_to_do(past: Past) -> None:
    past.failed(past.rolling())
    past.tick("ingestion_sensor", TickStatus.SKIPPED, "run x is ingesting")
    assert len(past.runs) == 1
    past.tick("ingestion_sensor", TickStatus.SKIPPED, NOTHING_NEW)
    assert past.runs == []


def test_a_run_that_was_stopped_is_told_unless_the_platform_was(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    past.instance.report_run_canceled(past.rolling())
    [condition] = past.runs
    assert (condition.severity, condition.title) == ("warning", "run of ingestion was stopped")
    monkeypatch.setattr(module, "LOADED_AT", time.time() + 1)
    assert past.runs == []


def test_what_a_gap_or_kafka_made_fail_follows_from_that(past: Past) -> None:
    past.failed(past.run("ingestion", **{ROLLING_TAG: "ingestion", TERMINAL_TAG: "RecordsExpired"}))
    past.failed(past.run("gold", **{ROLLING_TAG: "gold"}), "BrokerUnavailable: no answer")
    assert {condition.key: condition.follows for condition in past.runs} == {
        "run ingestion": {"gap"},
        "run gold": {"broker"},
    }


def test_a_persons_run_is_mended_by_the_same_work_only(past: Past) -> None:
    day = {"dagster/partition": str(TODAY)}
    past.failed(past.run("report", **day))
    [condition] = past.runs
    assert condition.title == f"run of report {TODAY} failed"
    past.instance.report_run_canceled(past.run("report", **{"dagster/partition": str(TODAY - timedelta(days=1))}))
    assert len(past.runs) == 2
    done = past.run("report", **day)
    past.instance.report_dagster_event(dg.DagsterEvent("PIPELINE_SUCCESS", done.job_name), done.run_id)
    assert [condition.key for condition in past.runs] == [f"run report {TODAY - timedelta(days=1)}"]


def test_a_sensor_that_fails_again_and_a_schedule_that_fails_once(past: Past) -> None:
    past.tick("ingestion_sensor", TickStatus.FAILURE, "RecordsExpired: gone")
    assert past.ticks == []
    past.tick("ingestion_sensor", TickStatus.FAILURE, "RecordsExpired: gone")
    past.tick("report_schedule", TickStatus.FAILURE, "BrokerUnavailable", sensor=False)
    past.tick("nobody_knows_it", TickStatus.FAILURE, sensor=False)
    found = {condition.title: (condition.follows, condition.links[0].url.split("@")[1]) for condition in past.ticks}
    assert found == {
        "sensor ingestion_sensor fails": ({"gap"}, "flowguard/sensors/ingestion_sensor"),
        "schedule report_schedule fails": ({"broker"}, "flowguard/schedules/report_schedule"),
    }
    past.tick("ingestion_sensor", TickStatus.SKIPPED)
    past.tick("report_schedule", TickStatus.SUCCESS, sensor=False)
    assert past.ticks == []


def test_the_end_of_a_range_that_a_single_run_rebuilds(past: Past) -> None:
    run = past.run("__ASSET_JOB", [TABLE], **RANGE)
    assert past.backfills == []
    past.materialized(run, TABLE, TODAY - timedelta(days=2))
    past.failed(run, "the disk is full")
    assert past.runs == []
    [condition] = past.backfills
    assert condition.severity == "info" and condition.title.startswith(f"backfill of {TABLE} ")
    assert condition.text.startswith("the disk is full")
    assert f"- {TABLE}: {TODAY - timedelta(days=1)} to {TODAY} (2 days)" in condition.text
    assert list(ended_backfills(past.instance, [condition.key], past.links)) == []


def test_the_end_of_a_backfill_of_dagster(past: Past) -> None:
    backfill = PartitionBackfill(
        "some-id",
        BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=time.time(),
        asset_selection=[key_of(TABLE)],
        serialized_asset_backfill_data="{}",
    )
    past.instance.add_backfill(backfill)
    run = past.run("__ASSET_JOB", [TABLE], **RANGE, **{"dagster/backfill": "some-id"})
    past.instance.report_dagster_event(dg.DagsterEvent("PIPELINE_SUCCESS", run.job_name), run.run_id)
    assert past.backfills == []
    past.instance.update_backfill(
        backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS).with_end_timestamp(time.time())
    )
    [condition] = past.backfills
    assert condition.key == "backfill some-id" and condition.title.endswith("is done")
    assert condition.links[0].url.endswith("/runs/b/some-id")
