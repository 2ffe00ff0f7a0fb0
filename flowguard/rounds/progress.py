"""Where ingestion stands, by the only truth about it: ``ops.ingest_ranges``."""

from collections.abc import Sequence
from datetime import date, datetime

from flowguard.errors import OffsetGap
from flowguard.kafka.ranges import OffsetRange, Origin, Position
from flowguard.warehouse import Session

_NEWEST = """
WITH ends AS (
    SELECT topic, partition, generation, MAX(end_offset) AS end_offset
    FROM ops.ingest_ranges
    GROUP BY topic, partition, generation
),
reached AS (
    SELECT
        ranges.topic, ranges.partition, ranges.generation, ranges.end_offset,
        ranges.last_arrived_at, ranges.last_digest
    FROM ops.ingest_ranges AS ranges
    JOIN ends
        ON ranges.topic = ends.topic AND ranges.partition = ends.partition
        AND ranges.generation = ends.generation AND ranges.end_offset = ends.end_offset
),
standing AS (
    SELECT
        COALESCE(began.topic, reached.topic) AS topic,
        COALESCE(began.partition, reached.partition) AS partition,
        COALESCE(began.generation, reached.generation) AS generation,
        COALESCE(reached.end_offset, began.start_offset) AS next_offset,
        reached.last_arrived_at, reached.last_digest, began.cluster_id, began.topic_id
    FROM reached
    FULL JOIN ops.generations AS began
        ON began.topic = reached.topic AND began.partition = reached.partition
        AND began.generation = reached.generation
)
SELECT
    topic, partition, generation, next_offset, last_arrived_at, last_digest,
    MAX(cluster_id) OVER (PARTITION BY topic) AS cluster_id,
    MAX(topic_id) OVER (PARTITION BY topic) AS topic_id
FROM (SELECT *, RANK() OVER (PARTITION BY topic ORDER BY generation DESC) AS age FROM standing) AS generations
WHERE age = 1
"""

_GENERATIONS = "SELECT topic, MAX(generation) FROM ops.generations GROUP BY topic"
_ENDS = """
SELECT topic, generation, partition, MAX(end_offset) FROM ops.ingest_ranges
WHERE arrival_date >= CAST('{since}' AS DATE)
GROUP BY topic, generation, partition
"""


def positions(session: Session) -> list[Position]:
    """The position of each partition in its topic's newest generation.

    A partition that was added since the generation began is among them once something of it was ingested.
    """
    return [_position(*row) for row in session.query(_NEWEST).iter_rows()]


def _position(
    topic: str,
    partition: int,
    generation: int,
    next_offset: int,
    arrived_at: datetime | None,
    digest: str | None,
    cluster_id: str | None,
    topic_id: str | None,
) -> Position:
    origin = None if cluster_id is None else Origin(cluster_id, topic_id)
    return Position(topic, partition, generation, next_offset, arrived_at, digest, origin)


def already_covered(session: Session, ranges: Sequence[OffsetRange]) -> bool:
    """Whether somebody else ingested some of the ranges, or began a new generation, since they were planned.

    Raises:
        OffsetGap: a range does not begin where the last one ended.
    """
    generations = dict(session.query(_GENERATIONS).iter_rows())
    ends = {tuple(place): end for *place, end in session.query(_ENDS.format(since=_since(ranges))).iter_rows()}
    for planned in ranges:
        if planned.generation < generations.get(planned.topic, planned.generation):
            return True
        place = (planned.topic, planned.generation, planned.partition)
        end = ends.get(place, planned.start)
        if end > planned.start:
            return True
        if end < planned.start:
            raise OffsetGap(
                f"{planned.topic} partition {planned.partition}: offsets {end} to {planned.start - 1} would be "
                "left out; the plan is wrong, nothing was written"
            )
        ends[place] = planned.end
    return False


def _since(ranges: Sequence[OffsetRange]) -> date:
    """Whatever was ingested right before the ranges, or since they were planned, arrived on this day or later."""
    return min(planned.last_arrived_at.date() if planned.last_arrived_at else date.min for planned in ranges)
