"""How fresh what is ingested is: by Kafka's own offsets and the clock, whatever was materialized in the meantime.

Which says whether ingestion is alive without asking it, and tells a topic to which nobody sends from a pipeline that
has stopped.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from flowguard.kafka.broker import Broker
from flowguard.kafka.ranges import TopicPartition
from flowguard.rounds.chunk import now
from flowguard.rounds.progress import positions
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse


class State(StrEnum):
    """What can be said of a topic."""

    fresh = "fresh"
    """Records come, and none waits for longer than the limit."""
    no_traffic = "no traffic"
    """All is ingested; for longer than the limit nothing has come."""
    stopped = "pipeline stopped"
    """Records wait for longer than the limit."""


class Lag(NamedTuple):
    """How far ingestion is behind a partition, and since when; instants are Kafka's append times, naive UTC."""

    partition: int
    records: int
    oldest_unread: datetime | None
    newest: datetime | None


class Verdict(NamedTuple):
    """What is said of a topic at an instant.

    ``lag_seconds`` is how long the oldest record has been waiting that is not ingested. ``newest_arrived_at`` is when
    the newest record came, naive UTC; None: none has come. ``expected``: whether nothing is wrong with that.
    """

    topic: str
    state: State
    lag_records: int
    lag_seconds: float
    newest_arrived_at: datetime | None
    text: str
    expected: bool
    lags: tuple[Lag, ...]

    @property
    def passed(self) -> bool:
        return self.expected and self.state is not State.stopped


def look(settings: Settings, warehouse: Warehouse, broker: Broker) -> list[Verdict]:
    """The verdicts on all topics, now.

    Raises:
        BrokerUnavailable: Kafka did not answer.
    """
    return verdicts(settings, lags(settings, warehouse, broker), now())


def verdicts(settings: Settings, lags: Mapping[str, Iterable[Lag]], instant: datetime) -> list[Verdict]:
    """What the lags of topics mean at an instant, naive UTC. Nobody expects refused events."""
    quiet = dict.fromkeys(settings.topics, settings.expected_traffic) | {settings.rejected_topic: None}
    limit = settings.freshness_limit
    return [_verdict(topic, tuple(lags.get(topic, ())), instant, limit, quiet[topic]) for topic in settings.topics]


def lags(settings: Settings, warehouse: Warehouse, broker: Broker) -> dict[str, list[Lag]]:
    """How far ingestion is behind each partition of each topic.

    Raises:
        BrokerUnavailable: Kafka did not answer.
    """
    with warehouse.session() as session:
        reached = {TopicPartition(p.topic, p.partition): p for p in positions(session)}
    found: dict[str, list[Lag]] = {topic: [] for topic in settings.topics}
    for place, marks in broker.watermarks().items():
        position = reached.get(place)
        following = position.next_offset if position else marks.low
        newest = position.last_arrived_at if position else None
        oldest_unread = None
        if following < marks.high:
            oldest_unread = broker.arrived_at(place, following)
            # The last offset may carry no record, but the end of a transaction.
            newest = broker.arrived_at(place, marks.high - 1) or oldest_unread or newest
        found[place.topic].append(Lag(place.partition, max(0, marks.high - following), oldest_unread, newest))
    return found


def _verdict(
    topic: str, lags: tuple[Lag, ...], instant: datetime, limit: timedelta, quiet: timedelta | None
) -> Verdict:
    records = sum(lag.records for lag in lags)
    oldest = min((lag.oldest_unread for lag in lags if lag.oldest_unread), default=None)
    newest = max((lag.newest for lag in lags if lag.newest), default=None)
    waiting = max(instant - oldest, timedelta(0)) if oldest else timedelta(0)
    silent = None if newest is None else instant - newest
    expected = quiet is None or (silent is not None and silent <= quiet)
    if waiting > limit:
        state, text = State.stopped, f"{_records(records)} to be ingested, the oldest for {_seconds(waiting)}"
    elif silent is None:
        state, text = State.no_traffic, "no record has come yet"
    elif silent > limit and not records:
        state, text = State.no_traffic, f"all is ingested; the newest record came at {newest:%F %T} UTC"
    else:
        state, text = State.fresh, f"{_records(records)}, the oldest for {_seconds(waiting)}"
    if not expected:
        text += f"; one is expected each {_seconds(quiet or limit)}"
    return Verdict(topic, state, records, waiting.total_seconds(), newest, f"{state}: {text}", expected, lags)


def _records(number: int) -> str:
    return "1 record waits" if number == 1 else f"{number:,} records wait"


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():,.0f} s"
