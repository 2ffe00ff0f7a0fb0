"""How the last ticks of sensors and schedules ended."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus

from flowguard.alerts.condition import Condition
from flowguard.alerts.links import Links
from flowguard.errors import BrokerUnavailable

Ticks = Mapping[str, Sequence[InstigatorTick]]
"""The last ticks that ended, the newest first, by the name of what ticked."""
BROKER_AWAY = BrokerUnavailable.__name__
_ENDED = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
_LOOK_BACK = 5
_FAILS = {InstigatorType.SENSOR: 2, InstigatorType.SCHEDULE: 1}
"""So many ticks in a row: a sensor that was once interrupted does its work seconds later."""


def last_ticks(instance: dg.DagsterInstance, names: Collection[str]) -> dict[str, Sequence[InstigatorTick]]:
    """Of the sensors and schedules of these names."""
    return {
        state.instigator_name: instance.get_ticks(
            state.instigator_origin_id, state.selector_id, limit=_LOOK_BACK, statuses=_ENDED
        )
        for state in instance.all_instigator_state()
        if state.instigator_name in names
    }


def failing_ticks(ticks: Ticks, links: Links) -> Iterator[Condition]:
    """A condition for each sensor and schedule that fails."""
    for name, ended in ticks.items():
        failed = []
        for tick in ended:
            if tick.status != TickStatus.FAILURE:
                break
            failed.append(tick)
        if failed and len(failed) >= _FAILS.get(failed[0].instigator_type, 1):
            yield _condition(name, failed, links)


def _condition(name: str, failed: Sequence[InstigatorTick], links: Links) -> Condition:
    is_sensor = failed[0].instigator_type == InstigatorType.SENSOR
    why = failed[0].error
    text = (why.message if why else "no error was recorded").strip()
    return Condition(
        key=f"tick {name}",
        kind="tick",
        severity="error",
        title=f"{'sensor' if is_sensor else 'schedule'} {name} fails",
        text=text,
        since=datetime.fromtimestamp(failed[-1].timestamp, UTC).replace(tzinfo=None),
        to_do="`flowguard doctor` says what is wrong; the page has the whole error",
        links=(links.sensor(name) if is_sensor else links.schedule(name),),
        follows=frozenset({"broker"} if BROKER_AWAY in text else {"gap"} if name == "ingestion_sensor" else ()),
    )
