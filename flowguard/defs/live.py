"""The live assets, Bronze and SILVER: launched by the sensor they roll; for days that a person names, they rebuild."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.defs.checks import Watch, check_specs
from flowguard.defs.rebuild import names_days, rebuild_selected
from flowguard.defs.report import Reporter
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.defs.specs import specs
from flowguard.models.ops import INGEST_RANGES, QUARANTINE
from flowguard.rounds.rolling import roll
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER

LIVE = (ORDERS_RAW, CLICKS_RAW, QUARANTINE, INGEST_RANGES, *SILVER)
NAMES = [table.full_name for table in LIVE]
OP = "ingest"


class FirstPlan(dg.Config):
    """Why the sensor launched the run: the offset ranges that were waiting, and which attempt at them it is."""

    plan: list[str] = Field(default_factory=list)
    attempt: int = 1


def live_assets(settings: Settings) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=OP,
        specs=specs(LIVE, settings),
        check_specs=check_specs(NAMES),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def ingest(context: dg.AssetExecutionContext, config: FirstPlan, home: dg.ResourceParam[Home]) -> Iterator[None]:
        """Kafka to Bronze to SILVER, round after round; or Bronze and SILVER again from the stored bytes."""
        watch = Watch(context, NAMES)
        with errors_for_people(context), Reporter(context, home.warehouse, home.settings, NAMES) as reporter:
            if names_days(context):
                rebuild_selected(context, home, reporter, watch)
            else:
                rolled = roll(
                    home.settings,
                    home.warehouse,
                    run_id=context.run_id,
                    on_commit=reporter.committed,
                    each_minute=watch.each_minute,
                )
                context.log.info(f"{rolled.records} records in {rolled.rounds} rounds; ended: {rolled.ended}")
            watch.finish(home.warehouse)
        yield from ()

    return ingest
