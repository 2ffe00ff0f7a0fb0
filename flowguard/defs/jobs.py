"""The jobs that sensors and the schedule launch. Backfills work on the assets themselves."""

from collections.abc import Collection

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flowguard.checks.registry import checks_of
from flowguard.defs import flow
from flowguard.defs.keys import key_of

INGESTION, REFRESH = "ingestion", "gold"
# Where slots are few, ingestion comes first: what GOLD lacks can be computed later.
INGESTION_PRIORITY, GOLD_PRIORITY = "10", "5"


def ingestion_job() -> UnresolvedAssetJobDefinition:
    """Kafka to SILVER."""
    return dg.define_asset_job(
        INGESTION,
        _selection(flow.LIVE),
        description="Takes in what comes by Kafka, round after round: Bronze and SILVER",
        tags={"dagster/priority": INGESTION_PRIORITY},
    )


def gold_job() -> UnresolvedAssetJobDefinition:
    """SILVER to GOLD."""
    return dg.define_asset_job(
        REFRESH,
        _selection(flow.AT_REST),
        description="Refreshes the days of GOLD whose sources changed, as long as there are any",
        tags={"dagster/priority": GOLD_PRIORITY},
    )


def _selection(tables: Collection[str]) -> dg.AssetSelection:
    """The tables with the checks that are evaluated on the way; freshness has a sensor of its own."""
    checks = (dg.AssetCheckKey(key_of(check.table), check.name) for check in checks_of(tables))
    return dg.AssetSelection.assets(*map(key_of, tables)).without_checks() | dg.AssetSelection.checks(*checks)
