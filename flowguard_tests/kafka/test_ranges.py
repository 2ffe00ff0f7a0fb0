"""Planning is pure: properties over every arrangement of records, days and positions."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import accumulate

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flowguard.kafka.ranges import (
    Arrival,
    OffsetRange,
    Origin,
    Position,
    TopicPartition,
    Watermarks,
    plan,
    where_each_stands,
)

START = datetime(2026, 11, 20, 22)
TP = TopicPartition("orders", 0)


class Log:
    """A partition's records by offset; offsets that are missing here carry no record."""

    def __init__(self, low: int, arrivals: Mapping[int, datetime], high: int) -> None:
        self.low, self.arrivals, self.high = low, dict(arrivals), high

    def since(self, instant: datetime) -> Arrival | None:
        return next((Arrival(offset, at) for offset, at in self.arrivals.items() if at >= instant), None)


class Broker:
    """What planning may ask."""

    def __init__(self, logs: Mapping[TopicPartition, Log]) -> None:
        self.logs = logs
        self.watermarks = {tp: Watermarks(log.low, log.high) for tp, log in logs.items()}

    def first_since(self, tp: TopicPartition, instant: datetime) -> Arrival | None:
        return self.logs[tp].since(instant)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Records over several days, some offsets without a record (a transaction's markers)."""
    low = draw(st.integers(0, 5))
    hours = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2, 24, 50]), max_size=12))
    carries = draw(st.lists(st.booleans(), min_size=len(hours), max_size=len(hours)))
    times = [START + timedelta(hours=passed) for passed in accumulate(hours)]
    arrivals = {low + index: at for index, (at, record) in enumerate(zip(times, carries, strict=True)) if record}
    return Log(low, arrivals, low + len(hours))


brokers = st.lists(logs(), min_size=1, max_size=4).map(
    lambda drawn: Broker({TopicPartition("orders", number): log for number, log in enumerate(drawn)})
)


def after(done: OffsetRange, log: Log, before: Position | None) -> Position:
    """The position once a range is ingested."""
    inside = [at for offset, at in log.arrivals.items() if done.start <= offset < done.end]
    last = inside[-1] if inside else before.last_arrived_at if before else None
    return Position(done.topic, done.partition, done.generation, done.end, last, None)


def rounds(broker: Broker, limit: int) -> list[list[OffsetRange]]:
    """All plans until nothing is left."""
    positions: dict[TopicPartition, Position] = {}
    plans = []
    while planned := plan(list(positions.values()), broker.watermarks, broker, limit):
        plans.append(planned)
        for done in planned:
            tp = TopicPartition(done.topic, done.partition)
            positions[tp] = after(done, broker.logs[tp], positions.get(tp))
    return plans


@given(brokers, st.integers(1, 30))
def test_ranges_are_contiguous_and_cover_every_record(broker: Broker, limit: int) -> None:
    plans = rounds(broker, limit)
    for tp, log in broker.logs.items():
        own = [done for planned in plans for done in planned if (done.topic, done.partition) == tp]
        ends = [log.low, *(done.end for done in own)]
        assert [done.start for done in own] == ends[:-1]
        assert all(done.start < done.end for done in own)
        covered = {offset for done in own for offset in range(done.start, done.end)}
        assert covered >= log.arrivals.keys()
        assert ends[-1] <= log.high


@given(brokers, st.integers(1, 30))
def test_a_plan_keeps_the_limit_and_names_a_partition_once(broker: Broker, limit: int) -> None:
    for planned in rounds(broker, limit):
        assert sum(done.end - done.start for done in planned) <= limit
        assert len({(done.topic, done.partition) for done in planned}) == len(planned)


@given(brokers, st.integers(1, 30))
def test_every_record_of_a_range_arrived_on_its_day(broker: Broker, limit: int) -> None:
    for planned in rounds(broker, limit):
        for done in planned:
            arrivals = broker.logs[TopicPartition(done.topic, done.partition)].arrivals
            days = {at.date() for offset, at in arrivals.items() if done.start <= offset < done.end}
            assert days <= {done.arrival_date}


@given(brokers)
def test_with_room_for_all_a_day_is_one_range(broker: Broker) -> None:
    seen = [(r.partition, r.arrival_date) for planned in rounds(broker, 10_000) for r in planned]
    assert len(seen) == len(set(seen))


@given(brokers, st.integers(1, 30))
def test_what_small_ranges_leave_goes_to_large_ones(broker: Broker, limit: int) -> None:
    everything = sum(done.end - done.start for done in plan([], broker.watermarks, broker, 10_000))
    assert sum(done.end - done.start for done in plan([], broker.watermarks, broker, limit)) == min(limit, everything)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(1, 60))
def test_nobody_waits_for_one_who_takes_more(waiting: list[int], limit: int) -> None:
    logs = {
        TP._replace(partition=number): Log(0, dict.fromkeys(range(count), START), count)
        for number, count in enumerate(waiting)
    }
    broker = Broker(logs)
    taken = {r.partition: r.end - r.start for r in plan([], broker.watermarks, broker, limit)}
    most = max(taken.values(), default=0)
    assert all(taken.get(number, 0) in (count, most, most - 1) for number, count in enumerate(waiting))


def at(next_offset: int, generation: int = 1, last: datetime | None = START) -> Position:
    return Position(*TP, generation, next_offset, last, "digest")


def test_a_range_carries_what_is_known_of_the_record_before() -> None:
    broker = Broker({TP: Log(0, {0: START, 1: START}, 2)})
    assert plan([at(1)], broker.watermarks, broker, 10) == [
        OffsetRange("orders", 1, 0, 1, 2, START.date(), START, "digest")
    ]


def test_midnight_belongs_to_the_new_day() -> None:
    midnight = datetime(2026, 11, 21)
    broker = Broker({TP: Log(0, {0: midnight - timedelta(milliseconds=1), 1: midnight}, 2)})
    assert [(r.start, r.end, r.arrival_date) for (r,) in rounds(broker, 10)] == [
        (0, 1, date(2026, 11, 20)),
        (1, 2, date(2026, 11, 21)),
    ]


def test_a_broker_whose_clock_ran_backwards_still_makes_progress() -> None:
    later = START + timedelta(days=1)
    broker = Broker({TP: Log(0, {0: START, 1: later, 2: START, 3: START}, 4)})
    assert [(r.start, r.end, r.arrival_date) for (r,) in rounds(broker, 10)] == [
        (0, 1, START.date()),
        (1, 4, later.date()),
    ]


def test_offsets_without_any_record_wait_for_one() -> None:
    broker = Broker({TP: Log(0, {}, 3)})
    assert plan([], broker.watermarks, broker, 10) == []


def test_a_range_survives_a_run_config() -> None:
    broker = Broker({TP: Log(0, {0: START, 1: START}, 2)})
    planned = plan([at(1)], broker.watermarks, broker, 10)
    assert msgspec.convert(msgspec.to_builtins(planned), list[OffsetRange], strict=False) == planned


def test_a_partition_added_to_a_known_topic_begins_at_its_beginning() -> None:
    origin = Origin("cluster", "id")
    first, second = TP, TP._replace(partition=1)
    marks = {first: Watermarks(0, 5), second: Watermarks(3, 5)}
    known = Position(*first, 4, 5, START, "digest", origin)
    assert where_each_stands([known], marks)[second] == Position(*second, 4, 0, None, None, origin)
    unknown = known._replace(origin=None)
    assert where_each_stands([unknown], marks)[second] == Position(*second, 1, 3, None, None, None)
    assert where_each_stands([], marks)[second].next_offset == 3
