"""GOLD that does not follow: what the check of its freshness was last told."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from flowguard.alerts.condition import Condition
from flowguard.alerts.links import Links
from flowguard.defs import freshness
from flowguard.defs.keys import key_of


def late_gold(instance: dg.DagsterInstance, links: Links) -> Iterator[Condition]:
    """A condition if it is late. That it is held back, on purpose, is told with the check that holds it."""
    key = dg.AssetCheckKey(key_of(freshness.GOLD_TABLE), freshness.NAME)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    event = record.event.dagster_event if record and record.event else None
    if record is None or event is None or event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return
    told = event.asset_check_evaluation_data
    if not told.passed and told.severity == dg.AssetCheckSeverity.ERROR:
        yield Condition(
            key="stale gold",
            kind="stale",
            severity="error",
            title="GOLD does not follow",
            text=told.description or "",
            since=datetime.fromtimestamp(record.create_timestamp, UTC).replace(tzinfo=None),
            to_do="`flowguard doctor`; look at the runs of job `gold`, and whether gold_sensor is switched on",
            table=freshness.GOLD_TABLE,
            links=(
                links.check(freshness.GOLD_TABLE, freshness.NAME),
                links.asset(freshness.GOLD_TABLE),
                links.sensor("gold_sensor"),
            ),
            follows=frozenset({"run gold"}),
        )
