"""What happens by the clock."""

from datetime import UTC, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flowguard.defs import daily_report, flow
from flowguard.settings import Settings


def midnight_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="midnight_schedule",
        job=job,
        cron_schedule="0 0 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Computes GOLD again for yesterday, for each day that something concerned which came in "
        "yesterday, and for whatever is still to be refreshed",
    )
    def midnight_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        yesterday = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
        why = dg.RunConfig(ops={flow.OP: flow.FirstPlan(reconcile=True)})
        return dg.RunRequest(run_key=yesterday, partition_key=yesterday, run_config=why)

    return midnight_schedule


def report_schedule(job: UnresolvedAssetJobDefinition, settings: Settings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="report_schedule",
        job=job,
        cron_schedule=settings.report_schedule,
        execution_timezone=settings.report_time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Makes the report on the last UTC day that is over, and sends it to the alert channels",
    )
    def report_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        yesterday = (context.scheduled_execution_time.astimezone(UTC) - timedelta(days=1)).date().isoformat()
        sending = dg.RunConfig(ops={daily_report.OP: daily_report.Sending(send=True)})
        return dg.RunRequest(run_key=f"report {yesterday}", partition_key=yesterday, run_config=sending)

    return report_schedule
