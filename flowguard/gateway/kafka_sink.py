"""The sink that stores in Kafka: no thread of its own, every acknowledgement is resolved in the event loop."""

import asyncio
import contextlib
import logging
import time
from asyncio import AbstractEventLoop, Future, TimerHandle
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from flowguard.errors import BrokerUnavailable, FlowGuardError, TopicMisconfigured
from flowguard.gateway.countdown import Countdown
from flowguard.gateway.ingest import Record
from flowguard.gateway.sent import SentRequests
from flowguard.gateway.sink import Outcome
from flowguard.kafka import config
from flowguard.kafka.broker import Broker
from flowguard.kafka.errors import translate, translated
from flowguard.settings import Settings

LARGEST_PENDING = 67_108_864
"""Bytes that may await their acknowledgement."""
_BUSY, _IDLE = 0.001, 0.5
"""Seconds between two looks at the client library, while deliveries are pending and otherwise."""
_STATISTICS = 0.5
"""Seconds between two reports of what was sent."""
_QUESTION = 2.0
"""Seconds that the broker has to say that it is there."""
_RETRY = 1.0

_REFUSED_BY_BROKER = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    }
)
_log = logging.getLogger(__name__)


class _Given(NamedTuple):
    """A record in the client library's hands."""

    at: float
    size: int
    countdown: Countdown
    position: int

    def settle(self, outcome: Outcome) -> None:
        self.countdown.settle(self.position, outcome)


class KafkaSink:
    """A `Sink` over confluent-kafka's producer; `producer.poll` is called from the loop's timer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pending = 0
        self._pending_bytes = 0
        self._timed_out: list[_Given] = []
        """Until the next statistics tell whether anything was sent after they were given."""
        self._sent = SentRequests()
        self._unready = "the broker has not answered yet"
        self._broken = False
        self._failing = False
        self._idle = True
        self._timer: TimerHandle | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._asked = asyncio.Lock()
        self._answered_at = -1.0

    @property
    def pending(self) -> int:
        return self._pending + len(self._timed_out)

    async def open(self) -> None:
        self._loop: AbstractEventLoop = asyncio.get_running_loop()
        self._producer = self._new_producer()
        self._timer = self._loop.call_later(_IDLE, self._poll)
        self._preparing = self._loop.create_task(self._prepare())

    def send(self, records: Sequence[Record]) -> "Future[list[Outcome]]":
        size = sum(len(record.value) for record in records)
        self._refuse_what_cannot_be_held(len(records), size)
        countdown = Countdown(self._loop.create_future(), len(records))
        now = time.monotonic()
        for position, record in enumerate(records):
            self._produce(record, _Given(now, len(record.value), countdown, position))
        if self._idle and self._timer is not None:
            self._timer.cancel()
            self._idle = False
            self._timer = self._loop.call_later(_BUSY, self._poll)
        return countdown.future

    async def check(self) -> None:
        if self._unready:
            raise BrokerUnavailable(self._unready)
        async with self._asked:
            if time.monotonic() - self._answered_at < _RETRY:
                return
            missing = set(self._settings.topics) - await self._existing_topics()
            if missing:
                raise TopicMisconfigured(f"missing topics: {', '.join(sorted(missing))}")
            self._answered_at = time.monotonic()

    async def close(self) -> None:
        self._unready = "the gateway is stopping"
        if self._preparing is not None:
            self._preparing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._preparing
        while self.pending:  # ends: every record is settled within the timeout
            await asyncio.sleep(_BUSY)
        if self._timer is not None:
            self._timer.cancel()
        self._producer.flush(0)

    def _refuse_what_cannot_be_held(self, records: int, size: int) -> None:
        if self._unready:
            raise BrokerUnavailable(self._unready)
        too_many = self._pending + records > self._settings.gateway_max_pending
        if too_many or self._pending_bytes + size > LARGEST_PENDING:
            raise BrokerUnavailable("too many events await Kafka's acknowledgement")

    def _produce(self, record: Record, given: _Given) -> None:
        try:
            self._producer.produce(record.topic, record.value, record.key, on_delivery=partial(self._delivered, given))
        except (BufferError, KafkaException) as error:
            _log.warning("the Kafka client took no more: %s", error)
            given.settle(Outcome.NOT_STORED)
        else:
            self._pending += 1
            self._pending_bytes += given.size

    def _delivered(self, given: _Given, error: KafkaError | None, message: Message) -> None:
        self._pending -= 1
        self._pending_bytes -= given.size
        self._notice(error)
        if error is None:
            given.settle(Outcome.STORED)
        elif error.code() == KafkaError._MSG_TIMED_OUT:
            self._timed_out.append(given)
        else:
            given.settle(Outcome.NOT_STORED if error.code() in _REFUSED_BY_BROKER else Outcome.UNKNOWN)

    def _poll(self) -> None:
        self._producer.poll(0)
        if self._broken:
            self._renew()
        self._idle = not self.pending
        self._timer = self._loop.call_later(_IDLE if self._idle else _BUSY, self._poll)

    def _reported(self, statistics: str) -> None:
        self._sent.report(statistics, time.monotonic())
        timed_out, self._timed_out = self._timed_out, []
        for given in timed_out:
            given.settle(Outcome.UNKNOWN if self._sent.since(given.at) else Outcome.NOT_STORED)

    def _failed(self, error: KafkaError) -> None:
        self._broken |= error.fatal()
        if error.code() == KafkaError._ALL_BROKERS_DOWN or error.fatal():
            self._notice(error)

    def _notice(self, error: KafkaError | None) -> None:
        """Log when storing begins to fail and when it works again, not each event in between."""
        if error is not None and not self._failing:
            _log.warning("%s", translate(error, "storing events"))
        elif error is None and self._failing:
            _log.warning("events are stored again")
        self._failing = error is not None

    def _renew(self) -> None:
        """A producer that lost its place among the broker's sequence numbers never recovers: take another."""
        self._producer.purge()
        self._producer.flush(1)
        self._producer = self._new_producer()
        self._broken = False

    async def _prepare(self) -> None:
        """Create and check the topics, until that worked: a broker that creates them itself does it wrongly."""
        while True:
            try:
                await self._existing_topics()  # soon says no, and a thread that waits delays a stop
                await asyncio.to_thread(_prepare_topics, self._settings)
            except FlowGuardError as error:
                if self._unready != str(error):
                    _log.warning("not ready: %s", error)
                self._unready = str(error)
                await asyncio.sleep(_RETRY)
            else:
                self._unready = ""
                return

    async def _existing_topics(self) -> set[str]:
        with translated(f"asking {self._settings.kafka_bootstrap_servers}"):
            return set((await asyncio.to_thread(self._producer.list_topics, timeout=_QUESTION)).topics)

    def _new_producer(self) -> Producer:
        timeout = self._settings.gateway_timeout.total_seconds()
        own: dict[str, Any] = {
            # The statistics that settle a timed-out record come up to half a second later.
            "message.timeout.ms": int(1000 * max(timeout - _STATISTICS, timeout / 2)),
            "statistics.interval.ms": int(1000 * _STATISTICS),
            "stats_cb": self._reported,
            "error_cb": self._failed,
            "linger.ms": 1,
            "message.max.bytes": 1_048_576,
            "queue.buffering.max.messages": self._settings.gateway_max_pending,
            "queue.buffering.max.kbytes": 2 * LARGEST_PENDING // 1024,
            "reconnect.backoff.max.ms": 1000,
            "log_level": 2,  # what it says while a broker is away is in error_cb too, and here once
        }
        with translated("creating a Kafka producer"):
            return Producer(config.producer(self._settings) | own)


def _prepare_topics(settings: Settings) -> None:
    broker = Broker(settings)
    try:
        broker.ensure_topics()
        broker.check_topics()
    finally:
        broker.close()
