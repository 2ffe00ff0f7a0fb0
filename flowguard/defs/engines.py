"""Which engine computes a backfill: the run's tag or configuration says it, or the settings do.

Spark is launched through Dagster Pipes: its job tells of each table while it computes.
"""

from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from typing import Any, cast

import dagster as dg

from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.local.backfill import ENGINE_TAG
from flowguard.rounds.changes import Changes
from flowguard.spark.engine import engine_by_default, engine_named, rebuild_by
from flowguard.spark.submit import submit


def engine_of(
    context: dg.AssetExecutionContext,
    configured: str | None,
    home: Home,
    tables: Collection[str],
    first: date,
    last: date,
) -> Callable[..., Changes]:
    """What rebuilds days of tables, called as `flowguard.rounds.backfill.rebuild` is."""
    named = context.run.tags.get(ENGINE_TAG) or configured
    engine = engine_named(named) if named else engine_by_default(home.warehouse, home.settings, tables, first, last)
    context.instance.add_run_tags(context.run.run_id, {ENGINE_TAG: engine})

    def submitted(plan: Path, tell: Callable[[str], None]) -> None:
        telling = cast(dg.AssetExecutionContext, _OnlyTelling(context))
        reader = dg.PipesTempFileMessageReader()
        with dg.open_pipes_session(telling, dg.PipesTempFileContextInjector(), reader) as session:
            submit(home.settings, plan, tell, session.get_bootstrap_env_vars())
        for computed in session.get_custom_messages():
            context.log_event(_observation(computed))

    return rebuild_by(engine, submitted, context.log.info)


class _OnlyTelling:
    """A context whose assets the job does not materialize: Dagster would demand every one of them from it."""

    has_assets_def = False

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _observation(computed: dict[str, Any]) -> dg.AssetObservation:
    """What Spark computed of a table; it is materialized when it is swapped in."""
    told = {"engine": "spark", "rows_computed": computed["rows"], "seconds_in_spark": computed["seconds"]}
    return dg.AssetObservation(key_of(computed["table"]), description="computed by Spark", metadata=told)
