"""Where ingestion stands, by the only truth about it: ``ops.ingest_ranges``."""

from collections.abc import Sequence

from flowguard.errors import OffsetGap
from flowguard.kafka.ranges import OffsetRange, Position
from flowguard.warehouse import Session

_NEWEST = """
SELECT topic, partition, generation, end_offset, last_arrived_at, last_digest
FROM (
    SELECT
        topic, partition, generation, end_offset, last_arrived_at, last_digest,
        ROW_NUMBER() OVER (PARTITION BY topic, partition ORDER BY generation DESC, end_offset DESC) AS age
    FROM ops.ingest_ranges
) AS ranges
WHERE age = 1
"""


def positions(session: Session) -> list[Position]:
    """The position of each partition that was ever ingested."""
    return [Position(*row) for row in session.query(_NEWEST).iter_rows()]


def already_covered(session: Session, ranges: Sequence[OffsetRange]) -> bool:
    """Whether somebody else ingested some of the ranges since they were planned.

    Raises:
        OffsetGap: a range does not begin where the last one ended.
    """
    ends = {(p.topic, p.partition): p.next_offset for p in positions(session)}
    for planned in ranges:
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
