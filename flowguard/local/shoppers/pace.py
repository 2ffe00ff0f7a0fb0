"""Live traffic: each event is sent when its time has come, for ever."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from flowguard.errors import Transient
from flowguard.kafka.sender import Sender
from flowguard.local.shoppers.client import FOREVER, GatewayClient
from flowguard.local.shoppers.sending import batches, to_kafka
from flowguard.local.shoppers.traffic import Delivery, Route
from flowguard.settings import Settings

_TICK_SECONDS = 0.1
_MOST_AT_ONCE = 2_000
_log = logging.getLogger(__name__)


def stream(deliveries: Iterator[Delivery], settings: Settings) -> Iterator[int]:
    """Send live traffic in time; yields how many records went with each tick.

    The gateway may be away for as long as it likes: the events follow when it is back.
    """
    client = GatewayClient(settings, patience=FOREVER)
    for due in ticks(deliveries):
        for batch in batches(delivery for delivery in due if delivery.route is Route.GATEWAY):
            client.send([delivery.payload for delivery in batch])
        _straight([delivery for delivery in due if delivery.route is not Route.GATEWAY], settings)
        yield len(due)


def ticks(deliveries: Iterator[Delivery]) -> Iterator[list[Delivery]]:
    """What is due at each moment; waits in between."""
    due: list[Delivery] = []
    for delivery in deliveries:
        while (delivery.event.event_timestamp > datetime.now(UTC)) or len(due) == _MOST_AT_ONCE:
            if due:
                yield due
                due = []
            else:
                time.sleep(_TICK_SECONDS)
        due.append(delivery)


def _straight(deliveries: list[Delivery], settings: Settings) -> None:
    if not deliveries:
        return
    try:
        with Sender(settings) as sender:
            to_kafka(sender, settings, deliveries)
    except Transient as error:
        _log.warning("%s; %d repeats, latecomers or faults less", error, len(deliveries))
