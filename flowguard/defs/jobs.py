"""The jobs that sensors and the schedule launch. Backfills work on the assets themselves."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from flowguard.defs import gold, live
from flowguard.defs.keys import key_of

INGESTION, REFRESH = "ingestion", "gold"
# Where slots are few, ingestion comes first: what GOLD lacks can be computed later.
INGESTION_PRIORITY, GOLD_PRIORITY = "10", "5"


def ingestion_job() -> UnresolvedAssetJobDefinition:
    """Kafka to SILVER."""
    return dg.define_asset_job(
        INGESTION,
        dg.AssetSelection.assets(*map(key_of, live.NAMES)),
        description="Takes in what comes by Kafka, round after round: Bronze and SILVER",
        tags={"dagster/priority": INGESTION_PRIORITY},
    )


def gold_job() -> UnresolvedAssetJobDefinition:
    """SILVER to GOLD."""
    return dg.define_asset_job(
        REFRESH,
        dg.AssetSelection.assets(*map(key_of, gold.NAMES)),
        description="Refreshes the days of GOLD whose sources changed, as long as there are any",
        tags={"dagster/priority": GOLD_PRIORITY},
    )
