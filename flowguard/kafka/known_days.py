"""Remembering where a day ends, because a broker may search a long backlog for each answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flowguard.kafka.ranges import EVER, Arrival, Cut, Position, TopicPartition, Watermarks


class _Nothing(NamedTuple):
    """No record before ``offset`` arrived at or after ``instant``."""

    instant: datetime
    offset: int


class KnownDays:
    """A `Cut` that asks another one, but never twice about the same records."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._nothing: dict[TopicPartition, _Nothing] = {}
        self._highs: dict[TopicPartition, int] = {}

    def known(
        self, positions: Sequence[Position], watermarks: Mapping[TopicPartition, Watermarks]
    ) -> dict[TopicPartition, Watermarks]:
        """Watermarks that end, where a partition is still behind what is known of it, there."""
        nexts = {TopicPartition(p.topic, p.partition): p.next_offset for p in positions}
        for place in [p for p, known in self._nothing.items() if nexts.get(p, 0) >= known.offset]:
            del self._nothing[place]
        self._highs = {place: marks.high for place, marks in watermarks.items()}
        return {
            place: Watermarks(marks.low, min(marks.high, self._nothing[place].offset))
            if place in self._nothing
            else marks
            for place, marks in watermarks.items()
        }

    def first_since(self, tp: TopicPartition, instant: datetime) -> Arrival | None:
        """See `Cut.first_since`."""
        if tp in self._nothing and self._nothing[tp].instant == instant:
            return None
        found = self._cut.first_since(tp, instant)
        # Where there is no record at all, nothing gets planned: asking again is the only way on.
        if found is None and instant != EVER:
            self._nothing[tp] = _Nothing(instant, self._highs[tp])
        return found
