"""The sensors wait inside their ticks, because the daemon looks at them every 5 seconds only."""

import hashlib
import time
from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flowguard.defs import flow
from flowguard.defs.resources import Home
from flowguard.defs.runs import ROLLING_TAG, Past, fail_orphan, past, wait_for_none
from flowguard.errors import Terminal
from flowguard.kafka.ranges import OffsetRange
from flowguard.rounds import lease
from flowguard.rounds.holds import waiting
from flowguard.rounds.news import wait_for_dirty_days, wait_for_news

TICK_SECONDS = 20.0
"""How long a tick waits; Dagster gives it 60 s."""
INGESTION, GOLD = "ingestion", "gold"
NOTHING_NEW, GOLD_IS_UP_TO_DATE = "nothing new in Kafka", "GOLD is up to date"

_LAST_PROGRESS = """
SELECT MAX(moment) FROM (
    SELECT MAX(committed_at) AS moment FROM ops.ingest_ranges UNION ALL SELECT MAX(recorded_at) FROM ops.generations
) AS progress
"""
"""A person's decision to go on counts too: the next attempt then comes at once."""
_Decision = dg.RunRequest | dg.SkipReason


def ingestion_sensor(job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    @dg.sensor(
        name="ingestion_sensor",
        job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=1,
        description="Waits for records in Kafka and launches a rolling run when none is in flight",
    )
    def ingestion_sensor(context: dg.SensorEvaluationContext, home: dg.ResourceParam[Home]) -> _Decision:
        deadline = time.monotonic() + TICK_SECONDS
        record = wait_for_none(context.instance, INGESTION, deadline)
        if record and not fail_orphan(context.instance, home.settings, record, lease.INGESTION):
            return dg.SkipReason(f"run {record.dagster_run.run_id} is ingesting")
        earlier = past(context.instance, INGESTION, home.warehouse.query(_LAST_PROGRESS).item())
        if earlier.seconds_to_wait:
            return dg.SkipReason(_why_not_yet(earlier))
        try:
            plan = wait_for_news(home.settings, home.warehouse, home.broker, deadline - time.monotonic())
        except Terminal as error:
            # The tick fails with the error for people to see: at once, and then not more often than a tick that waits.
            if str(error) == home.last_error:
                time.sleep(max(0.0, deadline - time.monotonic()))
            home.last_error = str(error)
            raise
        return _roll(plan, earlier) if plan else dg.SkipReason(NOTHING_NEW)

    return ingestion_sensor


def gold_sensor(job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    @dg.sensor(
        name="gold_sensor",
        job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=1,
        description="Waits for days that GOLD has to refresh and launches a run when none is in flight",
    )
    def gold_sensor(context: dg.SensorEvaluationContext, home: dg.ResourceParam[Home]) -> _Decision:
        deadline = time.monotonic() + TICK_SECONDS
        record = wait_for_none(context.instance, GOLD, deadline)
        if record and not fail_orphan(context.instance, home.settings, record, lease.GOLD):
            return dg.SkipReason(f"run {record.dagster_run.run_id} is refreshing")
        earlier = past(context.instance, GOLD, None)
        if earlier.seconds_to_wait:
            return dg.SkipReason(_why_not_yet(earlier))
        if not wait_for_dirty_days(home.warehouse, deadline - time.monotonic()):
            held = waiting(home.warehouse).held
            return dg.SkipReason("; ".join(map(str, held)) or GOLD_IS_UP_TO_DATE)
        return dg.RunRequest(run_key=f"after {earlier.last_run}", tags={ROLLING_TAG: GOLD})

    return gold_sensor


def _roll(plan: Sequence[OffsetRange], earlier: Past) -> dg.RunRequest:
    """A run key is remembered for ever: the run before it makes the key of every attempt another."""
    texts = [
        f"{r.topic}[{r.partition}] {r.start}..{r.end} of {r.arrival_date}, generation {r.generation}" for r in plan
    ]
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
    attempt = earlier.failures + 1
    return dg.RunRequest(
        run_key=f"{digest} attempt {attempt} after {earlier.last_run}",
        run_config=dg.RunConfig(ops={flow.OP: flow.FirstPlan(plan=texts, attempt=attempt)}),
        tags={ROLLING_TAG: INGESTION},
    )


def _why_not_yet(earlier: Past) -> str:
    why = f"{earlier.terminal}, which a person has to mend" if earlier.terminal else f"{earlier.failures} runs failed"
    return f"{why}: next attempt in {earlier.seconds_to_wait:.0f} s"
