"""The GOLD assets: launched by the sensor they follow the dirty days; for days that a person names, they rebuild."""

from collections.abc import Iterator

import dagster as dg

from flowguard.defs.checks import Watch, check_specs
from flowguard.defs.rebuild import names_days, rebuild_selected
from flowguard.defs.report import Reporter
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.defs.specs import specs
from flowguard.gold.tables import GOLD
from flowguard.rounds.following import follow
from flowguard.settings import Settings

NAMES = [table.full_name for table in GOLD]
OP = "refresh_gold"


def gold_assets(settings: Settings) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=OP,
        specs=specs(GOLD, settings),
        check_specs=check_specs(NAMES),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def refresh_gold(context: dg.AssetExecutionContext, home: dg.ResourceParam[Home]) -> Iterator[None]:
        """SILVER and the accounting to GOLD: dirty days again and again; or whole days."""
        watch = Watch(context, NAMES)
        with errors_for_people(context), Reporter(context, home.warehouse, home.settings, NAMES) as reporter:
            if names_days(context):
                rebuild_selected(context, home, reporter, watch)
            else:
                followed = follow(
                    home.settings, home.warehouse, on_refresh=reporter.changed, each_minute=watch.each_minute
                )
                context.log.info(f"{followed.refreshes} refreshes; ended: {followed.ended}")
            watch.finish(home.warehouse)
        yield from ()

    return refresh_gold
