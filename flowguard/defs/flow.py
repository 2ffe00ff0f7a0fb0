"""The assets. Launched by a sensor they roll on; for days that a person names, they rebuild.

They are one op, of which a run takes a part: so a backfill of any of them is a single run, and a rolling run needs no
partition although the tables before it are partitioned.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import dagster as dg
from pydantic import Field

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.defs.checks import Watch, check_specs
from flowguard.defs.keys import name_of
from flowguard.defs.partitions import days_between
from flowguard.defs.report import Reporter
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.defs.specs import specs
from flowguard.gold.tables import GOLD
from flowguard.models.ops import INGEST_RANGES, OUTBOX, QUARANTINE
from flowguard.rounds.backfill import rebuild
from flowguard.rounds.following import follow
from flowguard.rounds.rolling import roll
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER

OP = "flow"
LIVE_TABLES = (ORDERS_RAW, CLICKS_RAW, QUARANTINE, INGEST_RANGES, *SILVER, OUTBOX)
LIVE = tuple(table.full_name for table in LIVE_TABLES)
AT_REST = tuple(table.full_name for table in GOLD)
WHOLE = {table.full_name for table in GOLD if table.day is None}
"""Tables that have no days: materialized by a person, they are computed again as a whole."""


class FirstPlan(dg.Config):
    """Why the sensor launched the run: the offset ranges that were waiting, and which attempt at them it is."""

    plan: list[str] = Field(default_factory=list)
    attempt: int = 1


def flow_assets(settings: Settings) -> dg.AssetsDefinition:
    described = specs((*LIVE_TABLES, *GOLD), settings)

    @dg.multi_asset(
        name=OP,
        specs=[spec.replace_attributes(deps=[]) for spec in described],
        check_specs=check_specs((*LIVE, *AT_REST)),
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def flow(context: dg.AssetExecutionContext, config: FirstPlan, home: dg.ResourceParam[Home]) -> Iterator[None]:
        """Kafka to Bronze to SILVER, or SILVER to GOLD, again and again; or the days of a backfill, once."""
        watch = Watch(context)
        with errors_for_people(context), Reporter(context, home.warehouse, home.settings) as reporter:
            _work(context, home, reporter, watch)
            watch.finish(home.warehouse)
        yield from ()

    return _with_lineage(flow, described)


def _with_lineage(assets: dg.AssetsDefinition, described: Sequence[dg.AssetSpec]) -> dg.AssetsDefinition:
    """Lineage for people only: from an op with inputs Dagster demands a partition of each partitioned input."""
    return dg.AssetsDefinition(
        node_def=assets.node_def,
        keys_by_input_name={},
        keys_by_output_name=assets.keys_by_output_name,
        check_specs_by_output_name=assets.check_specs_by_output_name,
        can_subset=True,
        backfill_policy=assets.backfill_policy,
        specs=described,
    )


def _work(context: dg.AssetExecutionContext, home: Home, reporter: Reporter, watch: Watch) -> None:
    selected = {name_of(key) for key in context.selected_asset_keys}
    if not selected:
        _look_at_everything(home, watch)
    elif context.has_partition_key or context.has_partition_key_range:
        first, last = (date.fromisoformat(key) for key in (context.partition_keys[0], context.partition_keys[-1]))
        _rebuild(context, home, selected, first, last, reporter, watch)
    elif selected <= WHOLE:
        today = datetime.now(UTC).date()
        _rebuild(context, home, selected, today, today, reporter, watch)
    elif selected.isdisjoint(LIVE):
        _follow(context, home, reporter, watch)
    else:
        _roll(context, home, reporter, watch)


def _roll(context: dg.AssetExecutionContext, home: Home, reporter: Reporter, watch: Watch) -> None:
    rolled = roll(
        home.settings,
        home.warehouse,
        run_id=context.run.run_id,
        on_commit=reporter.committed,
        each_minute=watch.each_minute,
    )
    context.log.info(f"{rolled.records} records in {rolled.rounds} rounds; ended: {rolled.ended}")


def _follow(context: dg.AssetExecutionContext, home: Home, reporter: Reporter, watch: Watch) -> None:
    followed = follow(home.settings, home.warehouse, on_refresh=reporter.changed, each_minute=watch.each_minute)
    context.log.info(f"{followed.refreshes} refreshes; ended: {followed.ended}")


def _rebuild(
    context: dg.AssetExecutionContext,
    home: Home,
    tables: set[str],
    first: date,
    last: date,
    reporter: Reporter,
    watch: Watch,
) -> None:
    """The selected tables and days, and every other day that changes with them, are reported.

    Rebuilding SILVER names arrival days of the raw tables too, for the ledger's sake: Bronze itself did not change.
    """
    started = time.monotonic()
    changes = rebuild(home.warehouse, home.settings, tables, first, last, run_id=context.run.run_id)
    untouched = {ORDERS_RAW.full_name, CLICKS_RAW.full_name} - tables
    changed = {(table, day) for table, day in changes if table not in untouched}
    changed |= {(table, day) for table in tables - WHOLE for day in days_between(first, last)}
    context.log.info(f"{first} to {last} of {', '.join(sorted(tables))}: {len(changed)} partitions")
    reporter.changed(changed, time.monotonic() - started)
    watch.changed(changed)


def _look_at_everything(home: Home, watch: Watch) -> None:
    """Only checks were selected: they concern all days, and the tables that have none."""
    days = [None, *days_between(home.settings.start_date, datetime.now(UTC).date())]
    watch.changed((table, day) for table in (*LIVE, *AT_REST) for day in days)
