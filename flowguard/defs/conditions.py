"""Everything that people have to know of, as it is right now."""

from collections.abc import Collection, Iterator

import dagster as dg

from flowguard.alerts.condition import Condition, Kind, Seen
from flowguard.alerts.failing_checks import failing_checks
from flowguard.alerts.late_data import late_data
from flowguard.alerts.links import Links
from flowguard.defs import guard
from flowguard.defs.ended_backfills import ended_backfills
from flowguard.defs.failed_runs import failed_runs
from flowguard.defs.late_gold import late_gold
from flowguard.defs.resources import Home
from flowguard.defs.ticks import failing_ticks, last_ticks
from flowguard.errors import BrokerUnavailable
from flowguard.rounds.chunk import now

_OF_KAFKA: frozenset[Kind] = frozenset({"gap", "stale"})
_LATE: frozenset[Kind] = frozenset({"stale"})


def seen(instance: dg.DagsterInstance, home: Home, watched: Collection[str], told: Collection[str]) -> Seen:
    """What holds now. Consequences are looked for before their causes, so that none is found without its cause.

    ``watched``: sensors and schedules whose ticks matter; ``told``: the keys of what happened and was told of.
    """
    links = Links(home.settings)
    ticks = last_ticks(instance, watched)
    found = [
        *failed_runs(instance, ticks, links),
        *failing_ticks(ticks, links),
        *ended_backfills(instance, told, links),
        *failing_checks(home.warehouse, links),
        *late_gold(instance, links),
    ]
    try:
        gaps = list(_gaps(home, links))
        late = [] if gaps else list(late_data(home.settings, home.warehouse, home.broker, links))
    except BrokerUnavailable as error:
        return Seen((*found, _broker_away(error)), unknown=_OF_KAFKA)
    return Seen((*found, *gaps, *late), unknown=_LATE if gaps else frozenset())


def _gaps(home: Home, links: Links) -> Iterator[Condition]:
    for key, text in guard.what_is_wrong(home).items():
        yield Condition(
            key=f"gap {key}",
            kind="gap",
            severity="error",
            title=f"ingestion cannot go on: {key}",
            text=text,
            since=now(),
            to_do="`flowguard doctor` explains it and says how to go on",
            table=guard.TABLE,
            links=(links.check(guard.TABLE, guard.NAME), links.asset(guard.TABLE)),
        )


def _broker_away(error: BrokerUnavailable) -> Condition:
    return Condition(
        key="broker",
        kind="broker",
        severity="error",
        title="Kafka does not answer",
        text=str(error),
        since=now(),
        to_do="start Kafka, or see why it cannot be reached; FlowGuard goes on by itself when it answers again",
    )
