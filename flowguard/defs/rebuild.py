"""Backfills: the days and tables that a person selected, in one run."""

import time
from datetime import date

import dagster as dg

from flowguard.defs.checks import Watch
from flowguard.defs.keys import name_of
from flowguard.defs.partitions import days_between
from flowguard.defs.report import Reporter
from flowguard.defs.resources import Home
from flowguard.rounds.backfill import rebuild


def names_days(context: dg.AssetExecutionContext) -> bool:
    """Whether the run was launched for partitions."""
    return bool(context.has_partition_key or context.has_partition_key_range)


def rebuild_selected(context: dg.AssetExecutionContext, home: Home, reporter: Reporter, watch: Watch) -> None:
    """Rebuild the selected tables for the run's days; report these and every other day that changed with them."""
    started = time.monotonic()
    tables = sorted(name_of(key) for key in context.selected_asset_keys)
    first, last = (date.fromisoformat(key) for key in (context.partition_keys[0], context.partition_keys[-1]))
    changes = rebuild(home.warehouse, home.settings, tables, first, last, run_id=context.run_id)
    changed = set(changes) | {(table, day) for table in tables for day in days_between(first, last)}
    context.log.info(f"{first} to {last} of {', '.join(tables)}: {len(changed)} partitions")
    reporter.changed(changed, time.monotonic() - started)
    watch.changed(changed)
