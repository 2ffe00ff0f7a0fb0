"""All definitions of a home."""

import dagster as dg

from flowguard.defs.alerts import alerts_sensor
from flowguard.defs.daily_report import daily_report_asset, daily_report_job
from flowguard.defs.flow import flow_assets
from flowguard.defs.freshness import freshness_check, freshness_sensor
from flowguard.defs.guard import guard_check, guard_sensor
from flowguard.defs.jobs import gold_job, ingestion_job
from flowguard.defs.overriding import override_job
from flowguard.defs.publishing import publishing_sensor
from flowguard.defs.quarantine import discard_job, redrive_job
from flowguard.defs.resources import Home
from flowguard.defs.schedules import midnight_schedule, report_schedule
from flowguard.defs.sensors import gold_sensor, ingestion_sensor
from flowguard.defs.specs import topic_specs
from flowguard.settings import Settings


def everything(settings: Settings) -> dg.Definitions:
    """Assets, checks, jobs, sensors and schedules. A run is one step, so it needs no processes beside its own."""
    ingestion, gold, report = ingestion_job(), gold_job(), daily_report_job()
    sensors = [
        ingestion_sensor(ingestion),
        gold_sensor(gold),
        publishing_sensor(settings),
        freshness_sensor(settings),
        guard_sensor(),
    ]
    schedules = [midnight_schedule(gold), report_schedule(report, settings)]
    return dg.Definitions(
        assets=[*topic_specs(settings), flow_assets(settings), daily_report_asset(settings)],
        asset_checks=[freshness_check(), guard_check()],
        jobs=[ingestion, gold, report, redrive_job(), discard_job(), override_job()],
        sensors=[*sensors, alerts_sensor([*(sensor.name for sensor in sensors), *(s.name for s in schedules)])],
        schedules=schedules,
        resources={"home": Home(settings)},
        executor=dg.in_process_executor,
    )
