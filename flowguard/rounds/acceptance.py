"""A person's decision to go on although Kafka lost records: recorded for ever, and counted as lost.

Offsets that have expired become a range of their own, of kind ``accepted_gap``. Where offsets mean other records than
those that were ingested, a new generation begins instead: from the last ingested record that Kafka still holds
unchanged, so that nothing new is left out; what is read twice on the way is a duplicate in SILVER.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flowguard.errors import (
    InvalidInput,
    OffsetsWentBackwards,
    RecordsExpired,
    TopicRecreated,
    TopicTruncated,
    UnknownCluster,
)
from flowguard.faults import crash_point
from flowguard.kafka.broker import Broker
from flowguard.kafka.fingerprint import Fingerprint
from flowguard.kafka.gaps import Gap
from flowguard.kafka.inspection import inspect
from flowguard.kafka.ranges import Origin, Position, TopicPartition, Watermarks, where_each_stands
from flowguard.models.frame import frame
from flowguard.models.ops import INGEST_RANGES
from flowguard.rounds import generations
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.rounds.chunk import now
from flowguard.rounds.progress import positions
from flowguard.warehouse import Session

_ENDS = """
SELECT end_offset, last_arrived_at, last_digest FROM ops.ingest_ranges
WHERE topic = '{topic}' AND partition = {partition} AND generation = {generation} AND last_digest IS NOT NULL
    AND end_offset > {low} AND end_offset <= {high}
ORDER BY end_offset
"""


@dataclass(frozen=True)
class Lost:
    """Offsets ``[start, end)`` of a partition that are given up. ``after`` is where ingestion stood."""

    after: Position
    start: int
    end: int


@dataclass(frozen=True)
class Decision:
    """What accepting the gaps of a topic means.

    ``generation`` is the topic's afterwards; ``starts`` gives the first offset of each partition in it where it is a
    new one, and is empty where offsets keep their meaning.
    """

    topic: str
    gaps: tuple[Gap, ...]
    generation: int
    starts: dict[int, int]
    lost: tuple[Lost, ...]
    origin: Origin
    reached: tuple[Position, ...]
    """Where ingestion stood when it was proposed."""


def propose(session: Session, broker: Broker, topic: str) -> Decision | None:
    """What accepting all gaps of a topic would mean; None where it has none.

    Raises:
        InvalidInput: the topic is not ingested.
    """
    if topic not in broker.topics:
        raise InvalidInput(f"{topic} is not ingested, only {', '.join(broker.topics)} are")
    reached = _reached(session, topic)
    gaps = tuple(gap for gap in inspect(broker, reached) if gap.topic == topic)
    if not gaps:
        return None
    watermarks = {tp: marks for tp, marks in broker.watermarks().items() if tp.topic == topic}
    standing = where_each_stands(reached, watermarks)
    generation = max(position.generation for position in standing.values())
    if all(gap.kind is RecordsExpired for gap in gaps):
        starts: dict[int, int] = {}
    else:
        generation += 1
        starts = {tp.partition: _start(session, broker, gaps, standing[tp], marks) for tp, marks in watermarks.items()}
    lost = [
        Lost(standing[tp], start, marks.low)
        for tp, marks in watermarks.items()
        if (start := starts.get(tp.partition, standing[tp].next_offset)) < marks.low
    ]
    return Decision(topic, gaps, generation, starts, tuple(lost), broker.origins()[topic], reached)


def accept(session: Session, decision: Decision, *, reason: str, run_id: str) -> Changes:
    """Record a decision in one transaction.

    Raises:
        InvalidInput: ingestion moved, or somebody else decided, since it was proposed.
    """
    with session.transaction():
        if _reached(session, decision.topic) != decision.reached:
            raise InvalidInput(f"topic {decision.topic} has moved since it was looked at: look again")
        starts = [(decision.topic, partition, offset) for partition, offset in decision.starts.items()]
        origins = {decision.topic: decision.origin}
        generations.begin(session, decision.generation, starts, origins, reason=reason, run_id=run_id)
        rows = [_range(lost, decision.generation, reason, run_id) for lost in decision.lost]
        if rows:
            session.insert(INGEST_RANGES, frame(INGEST_RANGES, rows))
        changes: Changes = {("ops.ingest_ranges", _day(lost)): 1 for lost in decision.lost}
        mark_dirty(session, changes)
        crash_point("acceptance.dirty")
    return changes


def _reached(session: Session, topic: str) -> tuple[Position, ...]:
    return tuple(sorted(position for position in positions(session) if position.topic == topic))


def _start(session: Session, broker: Broker, gaps: Sequence[Gap], position: Position, marks: Watermarks) -> int:
    """Where a partition begins in the new generation of its topic."""
    kinds = {gap.kind for gap in gaps if gap.partition in (None, position.partition)}
    if UnknownCluster in kinds:
        return marks.low
    if TopicRecreated in kinds:
        return 0
    if kinds & {OffsetsWentBackwards, TopicTruncated}:
        return _last_unchanged(session, broker, position, marks)
    return position.next_offset


def _last_unchanged(session: Session, broker: Broker, position: Position, marks: Watermarks) -> int:
    """The end of the last ingested range whose last record Kafka still holds unchanged; its first offset if none.

    A log that was cut off is unchanged before some offset and other than it was from there on, so halving finds it.
    """
    place = TopicPartition(position.topic, position.partition)
    ends = session.query(_ENDS.format(**position._asdict(), low=marks.low, high=marks.high)).rows()

    def changed(end: tuple[int, datetime, str]) -> bool:
        offset, arrived_at, known = end
        return broker.fingerprint(place, offset - 1) != Fingerprint(arrived_at, known)

    unchanged = bisect_left(ends, True, key=changed)
    return int(ends[unchanged - 1][0]) if unchanged else marks.low


def _range(lost: Lost, generation: int, reason: str, run_id: str) -> tuple[object, ...]:
    return (
        *(lost.after.topic, generation, lost.after.partition, lost.start, lost.end),
        *("accepted_gap", _day(lost), 0, 0, 0),
        *(lost.after.last_arrived_at, None, reason, run_id, now()),
    )


def _day(lost: Lost) -> date:
    """When lost records arrived nobody knows: they count on the day of the last one that was ingested."""
    return (lost.after.last_arrived_at or now()).date()
