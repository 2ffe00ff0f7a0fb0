"""The rolling run: round after round until the topics are quiet, its life is over, or the day is."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from flowguard.errors import Transient, WarehouseBusy
from flowguard.faults import crash_point
from flowguard.kafka.broker import Broker
from flowguard.kafka.ranges import Position, TopicPartition
from flowguard.kafka.reader import RangeReader
from flowguard.rounds import attribution
from flowguard.rounds.changes import Changes
from flowguard.rounds.chunk import Chunk, now, prepare
from flowguard.rounds.commit import Committed, commit
from flowguard.rounds.generations import write_down_new_topics
from flowguard.rounds.lease import rolling_lease
from flowguard.rounds.progress import positions
from flowguard.rounds.publishing import Publishing
from flowguard.settings import Settings
from flowguard.warehouse import Session, Warehouse

GROUP_INTERVAL = timedelta(seconds=5)
"""Least time between two commits of the group's offsets, which only people's lag tools read."""
_LOOK_SECONDS = 1.0
"""How often it is looked whether a whole chunk has come before its time."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rolled:
    """What a rolling run did, and why it ended."""

    rounds: int
    records: int
    ended: str


def roll(
    settings: Settings,
    warehouse: Warehouse,
    *,
    run_id: str,
    on_commit: Callable[[Committed], None],
    each_minute: Callable[[Warehouse, Changes], None],
) -> Rolled:
    """Ingest what is there and what comes, and publish the orders whose attribution changes.

    ``on_commit`` is called after each round, ``each_minute`` with what changed since its last call, which may be
    nothing; and at the end.

    Raises:
        OffsetGap: Kafka does not hold what comes next; nothing was skipped.
        BrokerUnavailable: Kafka did not answer.
        WarehouseBusy: somebody else holds the write lock or the catalog for too long.
        StorageFailed: the disk is full.
    """
    with ExitStack() as stack:
        session = stack.enter_context(warehouse.session())
        broker = stack.enter_context(closing(Broker(settings)))
        reader = stack.enter_context(closing(RangeReader(settings)))
        _warm_up(session)
        broker.check_topics()
        try:
            stack.enter_context(rolling_lease(settings))
        except WarehouseBusy:
            return Rolled(0, 0, "another run is at work")
        write_down_new_topics(session, broker, run_id)
        attribution.catch_up(session)
        ahead = _Ahead(settings, warehouse, broker, reader, run_id, positions(session))
        publishing = stack.enter_context(Publishing(settings, warehouse))

        def committed(round: Committed) -> None:
            publishing.tell()
            on_commit(round)

        return _Loop(settings, warehouse, session, broker, committed, each_minute).run(ahead)


class _Ahead:
    """Chunks. While one is being committed the next is read and decoded, unless it is a trickle: that is taken when the
    commit is done, with all that came meanwhile."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        broker: Broker,
        reader: RangeReader,
        run_id: str,
        reached: list[Position],
    ) -> None:
        self._settings, self._warehouse, self._broker, self._reader = settings, warehouse, broker, reader
        self._run_id = run_id
        self._reached = {TopicPartition(p.topic, p.partition): p for p in reached}
        self._origins = {p.topic: p.origin for p in reached}
        self._not_before = 0.0
        self._is_trickle = False

    def __iter__(self) -> Iterator[Chunk | None]:
        """None where nothing new has come."""
        with ThreadPoolExecutor(1, "ahead") as thread:
            coming = thread.submit(self._next)
            while True:
                chunk = coming.result()
                if self._is_trickle:
                    yield chunk
                    coming = thread.submit(self._next)
                else:
                    coming = thread.submit(self._next)
                    yield chunk

    def _next(self) -> Chunk | None:
        self._gather()
        planned_at, limit = time.monotonic(), self._settings.chunk_records
        ranges = self._broker.plan(list(self._reached.values()), limit)
        if not ranges:
            time.sleep(self._settings.poll_interval.total_seconds())
            return None
        self._is_trickle = sum(planned.end - planned.start for planned in ranges) < limit // 2
        if self._is_trickle:
            self._not_before = planned_at + self._settings.round_interval.total_seconds()
        crash_point("round.planned")
        chunk = prepare(ranges, self._reader.read(ranges), self._warehouse, self._settings, self._run_id)
        self._broker.refuse_foreign(list(self._reached.values()))
        crash_point("round.staged")
        for position in chunk.positions:
            place = TopicPartition(position.topic, position.partition)
            self._reached[place] = position._replace(origin=self._origins[position.topic])
        return chunk

    def _gather(self) -> None:
        """A round costs much the same whether it has one record or a thousand: a trickle is gathered first, until it is
        a whole chunk."""
        while (left := self._not_before - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
            if left > _LOOK_SECONDS and self._waiting() >= self._settings.chunk_records:
                return

    def _waiting(self) -> int:
        return sum(
            marks.high - self._reached[place].next_offset if place in self._reached else marks.high - marks.low
            for place, marks in self._broker.watermarks().items()
        )


class _Loop:
    """Commits chunk after chunk, with what is due now and then between them."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        session: Session,
        broker: Broker,
        on_commit: Callable[[Committed], None],
        each_minute: Callable[[Warehouse, Changes], None],
    ) -> None:
        self._settings, self._warehouse, self._session, self._broker = settings, warehouse, session, broker
        self._on_commit, self._each_minute = on_commit, each_minute
        self._rounds = self._records = 0
        self._unchecked: Changes = {}
        self._ends: dict[TopicPartition, int] = {}
        self._started = self._last_data = self._checked = self._maintained = self._group_told = time.monotonic()
        self._day = now().date()

    def run(self, chunks: _Ahead) -> Rolled:
        with closing(iter(chunks)) as coming:  # type: ignore[type-var]
            for chunk in coming:
                if chunk is not None and not self._round(chunk):
                    return self._end("another run ingested the same ranges")
                self._now_and_then()
                if ended := self._why_end(idle=chunk is None):
                    return self._end(ended)
        raise AssertionError("chunks never end")

    def _round(self, chunk: Chunk) -> bool:
        committed = commit(self._session, chunk, self._settings)
        if committed is None:
            return False
        self._ends |= {TopicPartition(r.topic, r.partition): r.end for r in chunk.ranges}
        self._rounds += 1
        self._records += sum(planned.end - planned.start for planned in chunk.ranges)
        self._last_data = time.monotonic()
        self._unchecked |= committed.changes
        self._on_commit(committed)
        crash_point("round.done")
        return True

    def _now_and_then(self) -> None:
        instant = time.monotonic()
        if self._ends and _passed(self._group_told, instant, GROUP_INTERVAL):
            self._tell_group()
        if _passed(self._checked, instant, self._settings.check_interval):
            self._check()
        if self._rounds and _passed(self._maintained, instant, self._settings.maintenance_interval):
            self._maintain()

    def _tell_group(self) -> None:
        self._broker.commit_group(self._ends)
        self._ends, self._group_told = {}, time.monotonic()

    def _maintain(self) -> None:
        try:
            for _ in self._warehouse.maintain():
                pass
        except Transient as error:
            _log.warning("maintenance is put off: %s", error)
        self._maintained = time.monotonic()

    def _check(self) -> None:
        self._each_minute(self._warehouse, self._unchecked)
        self._unchecked, self._checked = {}, time.monotonic()

    def _why_end(self, *, idle: bool) -> str | None:
        instant = time.monotonic()
        if now().date() != self._day:
            return "midnight"
        if _passed(self._started, instant, self._settings.longest_life):
            return "longest life"
        if idle and _passed(self._last_data, instant, self._settings.quiet_time):
            return "quiet"
        return None

    def _end(self, why: str) -> Rolled:
        if self._unchecked:
            self._check()
        if self._ends:
            self._tell_group()
        return Rolled(self._rounds, self._records, why)


def _passed(since: float, instant: float, interval: timedelta) -> bool:
    return instant - since >= interval.total_seconds()


def _warm_up(session: Session) -> None:
    """The first hand-over of a frame to DuckDB takes seconds: before the lease is taken, it delays nobody."""
    session.keep("warm", pl.DataFrame({"warm": [True]}))
