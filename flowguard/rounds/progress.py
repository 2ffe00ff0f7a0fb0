"""Where ingestion stands, by the only truth about it: ``ops.ingest_ranges``."""

from collections.abc import Sequence
from datetime import datetime

from flowguard.errors import OffsetGap
from flowguard.kafka.ranges import OffsetRange, Origin, Position
from flowguard.warehouse import Session

_NEWEST = """
WITH reached AS (
    SELECT topic, partition, generation, end_offset, last_arrived_at, last_digest
    FROM (
        SELECT
            topic, partition, generation, end_offset, last_arrived_at, last_digest,
            ROW_NUMBER() OVER (PARTITION BY topic, partition ORDER BY generation DESC, end_offset DESC) AS age
        FROM ops.ingest_ranges
    ) AS ranges
    WHERE age = 1
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
    reached = positions(session)
    generations = {position.topic: position.generation for position in reached}
    ends = {(p.topic, p.partition): p.next_offset for p in reached}
    for planned in ranges:
        if planned.generation < generations.get(planned.topic, planned.generation):
            return True
        place = (planned.topic, planned.partition)
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
