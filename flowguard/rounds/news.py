"""Waiting for work: new records in Kafka, dirty days for GOLD."""

import time
from collections.abc import Mapping, Sequence

from flowguard.kafka.broker import Broker
from flowguard.kafka.ranges import OffsetRange, Position, TopicPartition, Watermarks
from flowguard.rounds.holds import waiting
from flowguard.rounds.progress import positions
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

# While this stays as it is, so does what is held back: that is asked again only when it is another.
_STATE = """
SELECT
    (SELECT COUNT(*) FROM ops.dirty_days) AS marks,
    (SELECT MAX(version) FROM ops.dirty_days) AS newest,
    (SELECT COUNT(*) FROM ops.check_failures) AS failures,
    (SELECT COUNT(overridden_at) FROM ops.check_failures) AS overridden,
    (SELECT MAX(evaluated_at) FROM ops.check_failures) AS evaluated
"""


def wait_for_news(settings: Settings, warehouse: Warehouse, broker: Broker, timeout: float) -> list[OffsetRange]:
    """The plan for the first records that are not ingested yet; empty if none came within ``timeout`` seconds.

    Raises:
        OffsetGap: Kafka is not what was ingested, or does not hold what comes next.
    """
    deadline = time.monotonic() + timeout
    with warehouse.session() as session:
        reached = positions(session)
    while True:
        watermarks = broker.watermarks()
        broker.refuse_foreign(reached)
        if has_news(reached, watermarks):
            return broker.plan(reached, settings.chunk_records)
        if time.monotonic() > deadline:
            return []
        time.sleep(settings.poll_interval.total_seconds())


def has_news(reached: Sequence[Position], watermarks: Mapping[TopicPartition, Watermarks]) -> bool:
    """Whether some partition does not stand where ingestion left it."""
    nexts = {TopicPartition(p.topic, p.partition): p.next_offset for p in reached}
    return any(marks.high != nexts.get(place, marks.low) for place, marks in watermarks.items())


def wait_for_dirty_days(warehouse: Warehouse, timeout: float) -> bool:
    """Whether GOLD has something to refresh that is not held back, now or within ``timeout`` seconds."""
    deadline, looked_at = time.monotonic() + timeout, None
    while True:
        state = warehouse.query(_STATE).row(0)
        if state != looked_at and state[0] and waiting(warehouse).oldest is not None:
            return True
        if time.monotonic() > deadline:
            return False
        looked_at = state
        time.sleep(0.5)
