"""Reading exactly the planned ranges, and proving that the topic is still the one that was ingested."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import confluent_kafka as kafka
from confluent_kafka import KafkaError, Message

from flowguard.errors import BrokerUnavailable, OffsetsWentBackwards, RecordsExpired
from flowguard.kafka import config
from flowguard.kafka.broker import from_milliseconds
from flowguard.kafka.errors import OUT_OF_RANGE, translate, translated
from flowguard.kafka.fingerprint import digest
from flowguard.kafka.gaps import refuse, truncated
from flowguard.kafka.ranges import OffsetRange, TopicPartition
from flowguard.settings import Settings

BLOCK_RECORDS = 2000
"""Most records in a block: their Python objects are short-lived and few."""

RECORDS_AT_ONCE = 20_000
"""Ranges of more records than this together are read one after the other."""

PATIENCE = 30.0
"""Seconds without any progress after which the broker counts as unavailable."""

_POLL = 0.1

_Record = Any
"""A Kafka message. Its own type calls everything optional, what every consumed message has too."""

_MESSAGE: Any = Message
"""Its methods are mapped over messages: a loop in Python would cost as much as the reading."""


class Block(NamedTuple):
    """Consecutive records of one range: bytes (None for a tombstone), offset and arrival in ms since 1970 of each."""

    range: OffsetRange
    values: list[bytes | None]
    offsets: list[int]
    arrived_ms: list[int]


@dataclass
class _Reading:
    """How far a range is read. ``position`` is the next offset; it begins one early to see the record before."""

    range: OffsetRange
    position: int

    @property
    def tp(self) -> TopicPartition:
        return TopicPartition(self.range.topic, self.range.partition)

    @property
    def name(self) -> str:
        return f"topic {self.range.topic}, partition {self.range.partition}"

    @property
    def done(self) -> bool:
        return self.position >= self.range.end


class RangeReader:
    """One consumer, used by one thread. Between reads it is assigned nothing, because an idle assignment is busy."""

    def __init__(self, settings: Settings) -> None:
        with translated("creating a Kafka consumer"):
            self._consumer = kafka.Consumer(config.consumer(settings))

    def read(self, ranges: Sequence[OffsetRange]) -> Iterator[Block]:
        """Blocks that hold every record of the ranges, in order within each range, and nothing else.

        Small ranges (at most one a partition) are read at once, large ones one after the other. A range is complete
        by position, because offsets of transaction markers and compacted records carry no record.

        Raises:
            OffsetGap: Kafka does not hold the range, or the record before it is not the one that was ingested.
            BrokerUnavailable: nothing came for `PATIENCE` seconds.
        """
        for together in _together([offsets for offsets in ranges if offsets.start < offsets.end]):
            reading = {(offsets.topic, offsets.partition): _begin(offsets) for offsets in together}
            with translated("starting to read"):
                self._consumer.assign([_at(one) for one in reading.values()])
            try:
                yield from self._read(reading)
            finally:
                self._consumer.unassign()

    def close(self) -> None:
        self._consumer.close()

    def _read(self, reading: dict[tuple[str, int], _Reading]) -> Iterator[Block]:
        moved_at = time.monotonic()
        while reading:
            wanted = sum(one.range.end - one.position for one in reading.values())
            with translated("reading " + ", ".join(one.name for one in reading.values())):
                messages = self._consumer.consume(min(wanted, BLOCK_RECORDS), _POLL)
            if messages:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > PATIENCE:
                raise BrokerUnavailable(_stalled(reading))
            blocks = self._blocks(messages, reading)
            del messages  # before the caller works on the blocks, and before the next are fetched
            yield from blocks

    def _blocks(self, messages: list[_Record], reading: dict[tuple[str, int], _Reading]) -> list[Block]:
        blocks = []
        for topic, of_topic in groupby(messages, _MESSAGE.topic):
            for partition, of_partition in groupby(of_topic, _MESSAGE.partition):
                one = reading.get((topic, partition))
                if one is None:
                    continue  # fetched beyond the end of a range that is complete
                block = self._advance(one, list(of_partition))
                if block.values:
                    blocks.append(block)
                if one.done:
                    self._consumer.incremental_unassign([kafka.TopicPartition(topic, partition)])
                    del reading[topic, partition]
        return blocks

    def _advance(self, one: _Reading, messages: list[_Record]) -> Block:
        """Move a range forward by messages of its partition."""
        events = [message for message in messages if message.error() is not None]
        records = [message for message in messages if message.error() is None] if events else messages
        block = _within(one, records)
        for event in events:
            self._heed(one, event)
        return block

    def _heed(self, one: _Reading, event: _Record) -> None:
        """Heed what Kafka says instead of sending a record."""
        error = event.error()
        if error.code() == KafkaError._PARTITION_EOF:
            one.position = max(one.position, event.offset())
            if not one.done:
                self._refuse_if_gone(one)
        elif error.code() in OUT_OF_RANGE:
            self._refuse_if_gone(one)
            # Only the record before the range is gone: there is nothing to compare.
            one.position = max(one.position, one.range.start)
            self._consumer.incremental_unassign([_at(one)])
            self._consumer.incremental_assign([_at(one)])
        elif error.fatal() or not error.retriable():
            raise translate(error, f"reading {one.name} at offset {one.position}")

    def _refuse_if_gone(self, one: _Reading) -> None:
        with translated(f"asking for the offsets of {one.name}"):
            low, high = self._consumer.get_watermark_offsets(_at(one), config.REQUEST_TIMEOUT, cached=False)
        following = max(one.position, one.range.start)
        if not low <= following <= one.range.end <= high:
            kind = RecordsExpired if low > following else OffsetsWentBackwards
            raise kind(
                f"{one.name}: offsets {following} to {one.range.end - 1} are to be read, but Kafka holds "
                f"{low} to {high - 1}: records expired, or the topic was truncated or recreated"
            )


def _together(ranges: Sequence[OffsetRange]) -> Iterator[list[OffsetRange]]:
    """Neighbours whose records, and what a broker sends beyond them, fit into memory at once."""
    together: list[OffsetRange] = []
    records = 0
    for offsets in ranges:
        if together and records + offsets.end - offsets.start > RECORDS_AT_ONCE:
            yield together
            together, records = [], 0
        together.append(offsets)
        records += offsets.end - offsets.start
    if together:
        yield together


def _begin(offsets: OffsetRange) -> _Reading:
    compared = offsets.last_digest is not None and offsets.start > 0
    return _Reading(offsets, offsets.start - 1 if compared else offsets.start)


def _at(one: _Reading) -> kafka.TopicPartition:
    return kafka.TopicPartition(*one.tp, one.position)


def _within(one: _Reading, records: list[_Record]) -> Block:
    """The records inside the range; those before it are compared, those after it dropped."""
    offsets = list(map(_MESSAGE.offset, records))
    first, last = bisect_left(offsets, one.range.start), bisect_left(offsets, one.range.end)
    for before in records[:first]:
        _compare(one, before)
    if offsets:
        one.position = max(one.position, offsets[-1] + 1)
    if first or last < len(records):
        records, offsets = records[first:last], offsets[first:last]
    arrived = [stamp[1] for stamp in map(_MESSAGE.timestamp, records)]
    return Block(one.range, list(map(_MESSAGE.value, records)), offsets, arrived)


def _compare(one: _Reading, record: _Record) -> None:
    """Refuse a record that is not the one which was ingested at its offset."""
    arrived_at, known_at = from_milliseconds(record.timestamp()[1]), one.range.last_arrived_at
    if record.offset() != one.range.start - 1:
        return
    if digest(record.value()) != one.range.last_digest or known_at not in (None, arrived_at):
        refuse([truncated(*one.tp, one.range.start, known_at, arrived_at)])


def _stalled(reading: dict[tuple[str, int], _Reading]) -> str:
    waiting = "; ".join(f"{one.name} at offset {one.position} of {one.range.end}" for one in reading.values())
    return f"nothing came for {PATIENCE:.0f} s: {waiting}. Check that the broker runs; it is safe to try again"
