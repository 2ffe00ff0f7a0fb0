"""Generations: what the offsets of a topic mean, and since when.

Offsets alone do not name a record: a topic can be deleted and created anew, cut off, or moved to another Kafka. So the
accounts begin by writing down which topic is ingested, and from where in each partition. A new generation begins when
the offsets begin to mean other records.
"""

from collections.abc import Iterable

from flowguard.kafka.broker import Broker
from flowguard.kafka.ranges import FIRST_GENERATION, Origin
from flowguard.models.frame import frame
from flowguard.models.ops import GENERATIONS
from flowguard.rounds.chunk import now
from flowguard.warehouse import Session

Start = tuple[str, int, int]
"""Topic, partition, and its first offset to ingest."""

_KNOWN = "SELECT DISTINCT topic FROM ops.generations"
_FIRST_INGESTED = "SELECT topic, partition, MIN(start_offset) FROM ops.ingest_ranges GROUP BY topic, partition"


def write_down_new_topics(session: Session, broker: Broker, run_id: str) -> None:
    """Write down, once for each topic, which one it is and where each of its partitions begins."""
    if not _unknown(session, broker):
        return
    watermarks, origins = broker.watermarks(), broker.origins()
    with session.transaction():
        unknown = _unknown(session, broker)
        ingested = {(topic, partition): first for topic, partition, first in session.query(_FIRST_INGESTED).iter_rows()}
        starts = [(tp.topic, tp.partition, ingested.get(tp, marks.low)) for tp, marks in watermarks.items()]
        begin(
            session,
            FIRST_GENERATION,
            [start for start in starts if start[0] in unknown],
            origins,
            reason="first contact",
            run_id=run_id,
        )


def begin(
    session: Session,
    generation: int,
    starts: Iterable[Start],
    origins: dict[str, Origin],
    *,
    reason: str,
    run_id: str,
) -> None:
    """Begin a generation of topics, within a transaction."""
    at = now()
    rows = [
        (topic, generation, partition, offset, *origins[topic], reason, run_id, at)
        for topic, partition, offset in starts
    ]
    if rows:
        session.insert(GENERATIONS, frame(GENERATIONS, rows))


def _unknown(session: Session, broker: Broker) -> set[str]:
    return set(broker.topics) - set(session.query(_KNOWN).to_series())
