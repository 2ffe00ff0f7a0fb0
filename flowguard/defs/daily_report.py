"""The daily report as an asset: a page with charts, a Markdown text, and a row that says where they are."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flowguard.alerts.condition import Condition
from flowguard.alerts.history import write
from flowguard.alerts.links import Links
from flowguard.alerts.rules import begun
from flowguard.defs.checks import Watch, check_specs
from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.defs.specs import specs
from flowguard.gold.tables import DAILY_REPORT
from flowguard.report.daily import compose, publish
from flowguard.report.page import Report
from flowguard.rounds.chunk import now
from flowguard.settings import Settings

NAME = DAILY_REPORT.full_name
OP = DAILY_REPORT.name
JOB = "report"


class Sending(dg.Config):
    """Whether the report goes to the alert channels too. A backfill of a year must not send 365 of them."""

    send: bool = False


def daily_report_asset(settings: Settings) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=OP,
        specs=specs([DAILY_REPORT], settings),
        check_specs=check_specs([NAME]),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def daily_report(
        context: dg.AssetExecutionContext, config: Sending, home: dg.ResourceParam[Home]
    ) -> Iterator[None]:
        """Each day's report: asked, drawn, written, told of. Where only checks were selected, none."""
        watch, days = Watch(context), context.partition_keys if context.selected_asset_keys else ()
        with errors_for_people(context):
            for day in map(date.fromisoformat, days):
                report = compose(home.warehouse, home.settings, day)
                files = publish(home.warehouse, home.settings, report)
                context.log_event(_materialization(report, files.html))
                watch.changed([(NAME, day)])
                if config.send:
                    _tell(home, report)
            watch.finish(home.warehouse)
        yield from ()

    return daily_report


def daily_report_job() -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        JOB,
        dg.AssetSelection.assets(key_of(NAME)),
        description="Makes the daily report on a day",
    )


def _tell(home: Home, report: Report) -> None:
    """Leave the report to whoever delivers alerts."""
    day, made_at = report.figures.day, report.figures.made_at
    told = Condition(
        key=f"report {day} {made_at}",
        kind="report",
        severity="info",
        title=f"daily report {day}",
        text=report.markdown,
        since=made_at,
        to_do="",
        table=NAME,
        days=(day,),
        links=(Links(home.settings).asset(NAME, day),),
    )
    write(home.warehouse, [begun(told, now(), home.settings.owner)], (), home.receivers)


def _materialization(report: Report, html: Path) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        key_of(NAME),
        partition=report.figures.day.isoformat(),
        description=report.headline,
        metadata={
            "page": dg.MetadataValue.path(html),
            "report": dg.MetadataValue.md(report.markdown),
            "dagster/partition_row_count": 1,
        },
    )
