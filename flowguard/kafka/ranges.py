"""Pure planning: which offsets come next, each range within one UTC day of arrival."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

import msgspec

FIRST_GENERATION = 1
EVER = datetime(1970, 1, 1)
"""Before any record arrived."""


class TopicPartition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


class Watermarks(NamedTuple):
    """Kafka holds ``[low, high)``; what is at or after ``high`` may not be read yet."""

    low: int
    high: int


class Origin(NamedTuple):
    """Which Kafka a topic is in, and which of all topics that ever had its name; None: the broker has no topic ids."""

    cluster_id: str
    topic_id: str | None


class Position(NamedTuple):
    """Where ingestion stands in one partition, and what the record before ``next_offset`` was (naive UTC).

    ``origin`` is the topic that was ingested; None where that was never written down.
    """

    topic: str
    partition: int
    generation: int
    next_offset: int
    last_arrived_at: datetime | None
    last_digest: str | None
    origin: Origin | None = None


class OffsetRange(msgspec.Struct, frozen=True):
    """Offsets ``[start, end)`` of a partition that arrived on one day.

    ``last_arrived_at`` (naive UTC) and ``last_digest`` are of record ``start - 1`` as it was recorded;
    without a digest there is nothing to compare.
    """

    topic: str
    generation: int
    partition: int
    start: int
    end: int
    arrival_date: date
    last_arrived_at: datetime | None
    last_digest: str | None


class Arrival(NamedTuple):
    """A record's offset and when it arrived, naive UTC."""

    offset: int
    arrived_at: datetime


class Cut(Protocol):
    """Answers when records arrived."""

    def first_since(self, tp: TopicPartition, instant: datetime) -> Arrival | None:
        """The first record that arrived at or after an instant (naive UTC); None where there is none."""


def plan(
    positions: Sequence[Position], watermarks: Mapping[TopicPartition, Watermarks], cut: Cut, limit: int
) -> list[OffsetRange]:
    """The next ranges, at most one per partition and at most ``limit`` offsets together, shared fairly.

    What may be planned at all is for `flowguard.kafka.gaps` to say.
    """
    standing = where_each_stands(positions, watermarks)
    days = [_rest_of_day(standing[tp], marks.high, cut) for tp, marks in sorted(watermarks.items())]
    return _share([day for day in days if day is not None], limit)


def where_each_stands(
    positions: Sequence[Position], watermarks: Mapping[TopicPartition, Watermarks]
) -> dict[TopicPartition, Position]:
    """A position for every partition.

    One without begins at its low watermark where the whole topic is new, and at 0 where it was added to a topic of
    which is known what it had at first: everything in it is still to come.
    """
    known = {TopicPartition(p.topic, p.partition): p for p in positions}
    topics = {p.topic: p for p in positions if p.origin}
    added = {
        tp: Position(*tp, topics[tp.topic].generation, 0, None, None, topics[tp.topic].origin)
        if tp.topic in topics
        else Position(*tp, FIRST_GENERATION, marks.low, None, None)
        for tp, marks in watermarks.items()
        if tp not in known
    }
    return known | added


def _rest_of_day(position: Position, high: int, cut: Cut) -> OffsetRange | None:
    """Everything readable that arrived on the day of the next record; None where nothing is to be read."""
    tp, start = TopicPartition(position.topic, position.partition), position.next_offset
    if start >= high:
        return None
    day = _day_before(position, cut)
    if day is None:
        return None
    # The next record may be of a later day. Each step goes to a day that has records, never back: should the
    # broker's clock have run backwards, the later day stays.
    while (later := cut.first_since(tp, _midnight_after(day))) and later.offset <= start:
        day = later.arrived_at.date()
    end = min(high, later.offset) if later else high
    return OffsetRange(
        topic=position.topic,
        generation=position.generation,
        partition=position.partition,
        start=start,
        end=end,
        arrival_date=day,
        last_arrived_at=position.last_arrived_at,
        last_digest=position.last_digest,
    )


def _day_before(position: Position, cut: Cut) -> date | None:
    """The day of the last ingested record, else of the first that is held; None where none is."""
    if position.last_arrived_at:
        return position.last_arrived_at.date()
    first = cut.first_since(TopicPartition(position.topic, position.partition), EVER)
    return first.arrived_at.date() if first else None


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min)


def _share(ranges: Sequence[OffsetRange], limit: int) -> list[OffsetRange]:
    """Shorten ranges to ``limit`` offsets together; what small ranges do not need, large ones get."""
    shared, rest = [], limit
    for waiting, offsets in zip(range(len(ranges), 0, -1), sorted(ranges, key=_length), strict=True):
        taken = min(_length(offsets), rest // waiting)
        rest -= taken
        if taken:
            shared.append(msgspec.structs.replace(offsets, end=offsets.start + taken))
    return sorted(shared, key=lambda offsets: (offsets.topic, offsets.partition))


def _length(offsets: OffsetRange) -> int:
    return offsets.end - offsets.start
