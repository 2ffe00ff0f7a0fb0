"""The assets. Launched by a sensor they roll on; for days that a person names, they rebuild.

They are one op, of which a run takes a part: so a backfill of any of them is a single run, and a rolling run needs no
partition although the tables before it are partitioned.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

import dagster as dg
from pydantic import Field

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.defs.checks import Watch, check_specs
from flowguard.defs.engines import engine_of
from flowguard.defs.holding import HoldTeller
from flowguard.defs.keys import name_of
from flowguard.defs.partitions import days_between
from flowguard.defs.report import Reporter
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.defs.specs import specs
from flowguard.gold.tables import GOLD
from flowguard.models.ops import INGEST_RANGES, OUTBOX, QUARANTINE
from flowguard.models.registry import BY_NAME
from flowguard.rounds.backfill import Done, Step
from flowguard.rounds.changes import Changes, TableDay
from flowguard.rounds.following import follow
from flowguard.rounds.rebuildable import REBUILDABLE, refuse_days, refuse_tables
from flowguard.rounds.reconcile import reconcile
from flowguard.rounds.rolling import roll
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER
from flowguard.warehouse.tag import of_run

OP = "flow"
LIVE_TABLES = (ORDERS_RAW, CLICKS_RAW, QUARANTINE, INGEST_RANGES, *SILVER, OUTBOX)
LIVE = tuple(table.full_name for table in LIVE_TABLES)
AT_REST = tuple(table.full_name for table in GOLD)
WHOLE = {table.full_name for table in GOLD if table.day is None}
"""Tables that have no days: materialized by a person, they are computed again as a whole."""


class FirstPlan(dg.Config):
    """Why a run was launched: the offset ranges that were waiting, and which attempt at them it is; or because a day
    is over."""

    plan: list[str] = Field(default_factory=list)
    attempt: int = 1
    reconcile: bool = Field(default=False, description="Compute GOLD again for all that came in on the partition's day")
    engine: str | None = Field(
        default=None,
        description="What computes days that a person names: warehouse or spark; none: as the settings say",
    )


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
        telling = Reporter(context, home.warehouse, home.settings)
        with errors_for_people(context), of_run(context.run.run_id), telling as reporter, Watch(context) as watch:
            _work(context, config, home, reporter, watch)
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


def _work(context: dg.AssetExecutionContext, config: FirstPlan, home: Home, reporter: Reporter, watch: Watch) -> None:
    selected = {name_of(key) for key in context.selected_asset_keys}
    if not selected:
        _look_at_everything(home, watch)
    elif config.reconcile:
        _reconcile(context, home, reporter, watch)
    elif context.has_partition_key or context.has_partition_key_range:
        first, last = (date.fromisoformat(key) for key in (context.partition_keys[0], context.partition_keys[-1]))
        _rebuild(context, config, home, selected, first, last, reporter, watch)
    elif selected <= WHOLE:
        today = datetime.now(UTC).date()
        _rebuild(context, config, home, selected, today, today, reporter, watch)
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
    teller = HoldTeller(context)

    def refreshed(changes: Changes, seconds: float) -> None:
        reporter.changed(changes, seconds)
        teller.tell(home.warehouse)

    followed = follow(home.settings, home.warehouse, on_refresh=refreshed, each_minute=watch.each_minute)
    context.log.info(f"{followed.refreshes} refreshes; ended: {followed.ended}")


def _reconcile(context: dg.AssetExecutionContext, home: Home, reporter: Reporter, watch: Watch) -> None:
    started = time.monotonic()
    changes = reconcile(home.warehouse, home.settings, date.fromisoformat(context.partition_key), context.run.run_id)
    context.log.info(f"{len({day for _, day in changes})} days of GOLD computed again: {_span(changes)}")
    reporter.changed(changes, time.monotonic() - started)
    watch.changed(changes)
    HoldTeller(context).tell(home.warehouse)


def _rebuild(
    context: dg.AssetExecutionContext,
    config: FirstPlan,
    home: Home,
    tables: set[str],
    first: date,
    last: date,
    reporter: Reporter,
    watch: Watch,
) -> None:
    """The selected tables and days, and every other day that changes with them, are reported."""
    begun: list[Step] = []
    asked = set(_partitions(tables, first, last))

    def begin(step: Step) -> None:
        begun.append(step)
        context.log.info(str(step))

    def done(done: Done) -> None:
        context.log.info(f"step {done.step.number} done: {done.rows:,} rows in {done.seconds:.1f} s")
        changed = _changed(done, tables)
        asked.difference_update(changed)
        reporter.changed(changed, done.seconds)
        watch.changed(changed)

    refuse_days(home.settings, first, last)
    chosen = _rebuildable(context, tables)
    compute = engine_of(context, config.engine, home, chosen, first, last)
    try:
        compute(
            home.warehouse, home.settings, chosen, first, last, run_id=context.run.run_id, on_begin=begin, on_done=done
        )
    except BaseException:
        if begun:
            context.log.warning(begun[-1].how_to_go_on(last))
        raise
    reporter.changed(asked, 0.0)
    watch.changed(asked)
    HoldTeller(context).tell(home.warehouse)


def _rebuildable(context: dg.AssetExecutionContext, tables: set[str]) -> set[str]:
    """Without the tables that are records of what happened, if somebody has selected everything."""
    chosen = tables.intersection(REBUILDABLE)
    if not chosen:
        refuse_tables(tables)
    if left := ", ".join(sorted(tables - chosen)):
        context.log.info(f"{left}: left as they are, being records of what happened")
    return chosen


def _changed(done: Done, tables: set[str]) -> set[TableDay]:
    """Rebuilding SILVER names arrival days of the raw tables too, for the ledger's sake: Bronze did not change."""
    untouched = {ORDERS_RAW.full_name, CLICKS_RAW.full_name} - tables
    changed = {(table, day) for table, day in done.changes if table not in untouched}
    return changed.union(_partitions(done.step.tables, done.step.first, done.step.last))


def _partitions(tables: Iterable[str], first: date, last: date) -> Iterator[tuple[str, date]]:
    """The days of tables that have days."""
    days = list(days_between(first, last))
    return ((table, day) for table in tables if BY_NAME[table].day for day in days)


def _span(changes: Changes) -> str:
    days = sorted({day for _, day in changes if day is not None})
    return f"{days[0]} to {days[-1]}" if days else "none"


def _look_at_everything(home: Home, watch: Watch) -> None:
    """Only checks were selected: they concern all days, and the tables that have none."""
    days = [None, *days_between(home.settings.start_date, datetime.now(UTC).date())]
    watch.changed((table, day) for table in (*LIVE, *AT_REST) for day in days)
