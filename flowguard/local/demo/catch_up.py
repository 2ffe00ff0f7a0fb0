"""Waiting until every record that Kafka holds is in the tables, GOLD included."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flowguard.errors import PlatformFailed
from flowguard.kafka.broker import Broker
from flowguard.rounds.progress import positions
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

STUCK_SECONDS = 180.0
_LOOK_AGAIN_SECONDS = 0.5
_DIRTY = "SELECT COUNT(*) FROM (SELECT DISTINCT table_name, day FROM ops.dirty_days) AS days"


class Progress(NamedTuple):
    """Records that Kafka holds, how many of them are ingested, and days that GOLD has still to refresh."""

    held: int
    ingested: int
    dirty_days: int

    @property
    def done(self) -> bool:
        return self.ingested == self.held and self.dirty_days == 0


def catch_up(settings: Settings, warehouse: Warehouse, check: Callable[[], None]) -> Iterator[Progress]:
    """Yields progress until all is done. ``check`` raises when a part of the platform has failed.

    Raises:
        PlatformFailed: nothing has moved for three minutes.
    """
    broker = Broker(settings)
    try:
        last, moved = None, time.monotonic()
        while True:
            check()
            progress = look(broker, warehouse)
            yield progress
            if progress.done:
                return
            if progress != last:
                last, moved = progress, time.monotonic()
            if time.monotonic() - moved > STUCK_SECONDS:
                missing = f"{progress.held - progress.ingested} records not ingested"
                raise PlatformFailed(
                    f"nothing has moved for {STUCK_SECONDS:.0f} s, with {missing} and {progress.dirty_days} days "
                    f"not in GOLD: see {settings.home / 'logs'} and Dagster's runs"
                )
            time.sleep(_LOOK_AGAIN_SECONDS)
    finally:
        broker.close()


def look(broker: Broker, warehouse: Warehouse) -> Progress:
    """Where ingestion and GOLD stand. Kafka is asked first, so that what comes meanwhile looks ingested at worst."""
    watermarks = broker.watermarks()
    with warehouse.session() as session, session.snapshot():
        reached = {(p.topic, p.partition): p.next_offset for p in positions(session)}
        dirty = session.query(_DIRTY).item()
    held = sum(marks.high - marks.low for marks in watermarks.values())
    ingested = sum(
        min(reached.get((tp.topic, tp.partition), marks.low), marks.high) - marks.low
        for tp, marks in watermarks.items()
    )
    return Progress(held, ingested, dirty)
