"""What happens by the clock."""

from datetime import timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flowguard.defs import flow


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
