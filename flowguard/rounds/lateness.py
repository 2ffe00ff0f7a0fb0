"""How long records wait in Kafka, which says whether ingestion is alive without asking it."""

from datetime import datetime, timedelta

from flowguard.kafka.broker import Broker
from flowguard.kafka.ranges import TopicPartition
from flowguard.rounds.chunk import now
from flowguard.rounds.progress import positions
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

_OLDEST_DIRTY = "SELECT MIN(version) FROM ops.dirty_days"


def waiting_for(settings: Settings, warehouse: Warehouse, broker: Broker) -> dict[str, timedelta]:
    """For each topic, how long its oldest record that is not ingested yet has been waiting; zero where none is.

    Raises:
        BrokerUnavailable: Kafka did not answer.
    """
    with warehouse.session() as session:
        nexts = {TopicPartition(p.topic, p.partition): p.next_offset for p in positions(session)}
    watermarks, instant = broker.watermarks(), now()
    waiting = dict.fromkeys(settings.topics, timedelta(0))
    for place, marks in watermarks.items():
        following = nexts.get(place, marks.low)
        arrived: datetime | None = broker.arrived_at(place, following) if following < marks.high else None
        if arrived is not None:
            waiting[place.topic] = max(waiting[place.topic], instant - arrived)
    return waiting


def oldest_dirty(warehouse: Warehouse) -> int | None:
    """The oldest change that GOLD has not seen; None where it has seen all."""
    version = warehouse.query(_OLDEST_DIRTY).item()
    return None if version is None else int(version)
