"""Deliveries on their way: through the gateway in batches, or straight into Kafka."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from flowguard.kafka.sender import Record, Sender
from flowguard.local.shoppers.client import PATIENCE_SECONDS, Entry, GatewayClient
from flowguard.local.shoppers.traffic import Delivery, Route
from flowguard.settings import Settings

BATCH = 200
CONNECTIONS = 4
_MOST_PENDING = 2 * CONNECTIONS
_BLOCK = 2_000
_MOST_SURPRISES = 20


@dataclass
class Sent:
    """What became of the deliveries.

    ``perhaps_twice`` counts events that had to be sent again although they may have been stored; ``surprises``
    are answers of the gateway other than those expected, the first few.
    """

    records: int = 0
    perhaps_twice: int = 0
    surprises: list[str] = field(default_factory=list)


class GatewayPool:
    """Sends batches over a few connections at once; holds only a few batches."""

    def __init__(self, settings: Settings, patience: float = PATIENCE_SECONDS) -> None:
        self._settings, self._patience = settings, patience
        self._local = threading.local()
        self._clients: list[GatewayClient] = []
        self._threads = ThreadPoolExecutor(CONNECTIONS, "gateway")
        self._pending: deque[tuple[list[Delivery], Future[list[Entry]]]] = deque()

    def send(self, batch: list[Delivery]) -> Iterator[str]:
        """Queue a batch; yields surprises in what has been answered meanwhile."""
        while len(self._pending) >= _MOST_PENDING:
            yield from self._oldest()
        self._pending.append((batch, self._threads.submit(self._post, [delivery.payload for delivery in batch])))

    def flush(self) -> Iterator[str]:
        """Wait until everything is answered; yields surprises."""
        while self._pending:
            yield from self._oldest()

    def close(self) -> int:
        """Let go; returns how many events may be stored twice."""
        self._threads.shutdown(cancel_futures=True)
        for client in self._clients:
            client.close()
        return sum(client.perhaps_twice for client in self._clients)

    def _oldest(self) -> Iterator[str]:
        batch, future = self._pending.popleft()
        for delivery, entry in zip(batch, future.result(), strict=True):
            if entry.rule != delivery.outcome.rule:
                yield f"{delivery.payload[:300]!r}: {entry.status}, {entry.rule}, instead of {delivery.outcome}"

    def _post(self, events: list[bytes]) -> list[Entry]:
        if not hasattr(self._local, "client"):
            self._local.client = GatewayClient(self._settings, self._patience)
            self._clients.append(self._local.client)
        client: GatewayClient = self._local.client
        return client.send(events)


def deliver(deliveries: Iterable[Delivery], settings: Settings, progress: Callable[[int], None]) -> Sent:
    """Send deliveries, each by its route, as fast as they are taken; the late ones after all others are stored.

    ``progress`` is called with a number of records now and then.

    Raises:
        BrokerUnavailable: the gateway or Kafka was away for too long.
    """
    sent, stream = Sent(), iter(deliveries)
    pool = GatewayPool(settings)
    try:
        with Sender(settings) as sender:
            while block := list(islice(stream, _BLOCK)):
                for batch in batches(delivery for delivery in block if delivery.route is Route.GATEWAY):
                    _note(sent, pool.send(batch))
                to_kafka(sender, settings, (delivery for delivery in block if delivery.route is Route.KAFKA))
                if late := [delivery for delivery in block if delivery.route is Route.LATE]:
                    _note(sent, pool.flush())
                    sender.flush()
                    to_kafka(sender, settings, late)
                sent.records += len(block)
                progress(len(block))
            _note(sent, pool.flush())
    finally:
        sent.perhaps_twice = pool.close()
    return sent


def batches(deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """Batches for the gateway; what is not JSON goes alone, because it would spoil the others."""
    batch: list[Delivery] = []
    for delivery in deliveries:
        if delivery.outcome.rule == "unreadable":
            yield [delivery]
            continue
        batch.append(delivery)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def to_kafka(sender: Sender, settings: Settings, deliveries: Iterable[Delivery]) -> None:
    """Queue records for their topics."""
    records: dict[str, list[Record]] = {settings.orders_topic: [], settings.clicks_topic: []}
    for delivery in deliveries:
        topic = settings.orders_topic if delivery.is_order else settings.clicks_topic
        records[topic].append(Record(delivery.key.encode(), delivery.payload))
    for topic, chosen in records.items():
        if chosen:
            sender.send(topic, chosen)


def _note(sent: Sent, surprises: Iterator[str]) -> None:
    for surprise in surprises:
        if len(sent.surprises) < _MOST_SURPRISES:
            sent.surprises.append(surprise)
